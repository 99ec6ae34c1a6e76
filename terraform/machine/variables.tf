variable "name" {
  type = string
}

variable "address" {
  description = "Its fixed address."
  type        = string
}

variable "flavor" {
  type = string
}

variable "volume_gb" {
  description = "Size of its data volume, seen as /dev/vdb; none when 0."
  type        = number
}

variable "user_data" {
  description = "What cloud-init does at the first start."
  type        = string
}

variable "image_id" {
  type = string
}

variable "key_pair" {
  type = string
}

variable "network_id" {
  type = string
}

variable "subnet_id" {
  type = string
}

variable "security_group_id" {
  type = string
}

variable "image" {
  description = "Name of a Debian 12 image with cloud-init."
  type        = string
}

variable "key_pair" {
  description = "Name of the SSH key pair that operators use."
  type        = string
}

variable "external_network" {
  description = "Name of the network that the router reaches the outside by."
  type        = string
}

variable "admin_cidr" {
  description = "Where SSH to the bastion is allowed from."
  type        = string
}

variable "monitoring_cidr" {
  description = "Where a Prometheus outside the cluster's network asks from; null: there is none."
  type        = string
  default     = null
}

variable "cidr" {
  description = "Addresses of the cluster's own network."
  type        = string
  default     = "10.20.0.0/24"
}

variable "dns" {
  description = "Name servers of the cluster's network; the cloud's own when empty."
  type        = list(string)
  default     = []
}

variable "flavors" {
  description = "Flavor by kind of machine."
  type = object({
    kafka    = string
    namenode = string
    datanode = string
    member   = string
    bastion  = string
  })
}

variable "datanodes" {
  description = "How many DataNodes; three copies are kept of every block."
  type        = number
  default     = 3

  validation {
    condition     = var.datanodes >= 3 && var.datanodes <= 25
    error_message = "Three copies need three DataNodes; addresses are kept for 25."
  }
}

variable "members" {
  description = "How many machines of members."
  type        = number
  default     = 2

  validation {
    condition     = var.members >= 1 && var.members <= 100
    error_message = "Addresses are kept for 1 to 100 machines."
  }
}

variable "members_a_machine" {
  description = "Members on each machine: one a core."
  type        = number
  default     = 4
}

variable "volume_gb" {
  description = "Size of the data volume by kind of machine, in GB."
  type = object({
    kafka    = number
    namenode = number
    datanode = number
    member   = number
  })
  default = {
    kafka    = 500
    namenode = 50
    datanode = 4000
    member   = 200
  }
}

variable "kafka_cluster_id" {
  description = "Identity of the Kafka cluster, from \"kafka-storage.sh random-uuid\"."
  type        = string
}

variable "kafka_password" {
  description = "Password of the user \"siskin\" at Kafka; from TF_VAR_kafka_password, never from a file."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{16,}$", var.kafka_password))
    error_message = "Take 16 or more letters, digits, _ and -: it goes into configuration files as it is."
  }
}

variable "topics" {
  description = "Input topics, or patterns between slashes."
  type        = string
  default     = "/^ztf_\\d+_programid1$/"
}

variable "group" {
  description = "Consumer group of the members."
  type        = string
  default     = "siskin"
}

variable "repository" {
  description = "Git address that Siskin is cloned from."
  type        = string
}

variable "revision" {
  description = "Tag or branch of it."
  type        = string
}

variable "commit" {
  description = "The commit that the revision must be (40 digits): another one is not started."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{40}$", var.commit))
    error_message = "Give the whole hash, from git rev-parse."
  }
}

variable "checksums" {
  description = "SHA-512 of the archives of Kafka and Hadoop, from https://downloads.apache.org and not from the mirror."
  type = object({
    kafka  = string
    hadoop = string
  })

  validation {
    condition     = alltrue([for sum in values(var.checksums) : can(regex("^[0-9a-f]{128}$", sum))])
    error_message = "Give 128 hexadecimal digits in lower case, as sha512sum prints them."
  }
}

variable "mirror" {
  description = "Where Kafka and Hadoop are fetched from."
  type        = string
  default     = "https://archive.apache.org/dist"
}

variable "versions" {
  description = "Versions of Kafka and Hadoop."
  type = object({
    kafka  = string
    hadoop = string
  })
  default = {
    kafka  = "4.3.1"
    hadoop = "3.4.2"
  }
}

output "brokers" {
  description = "Kafka, as in --brokers."
  value       = local.brokers
}

output "lake" {
  description = "The lake, as in --lake."
  value       = local.lake
}

output "members" {
  description = "Addresses of the machines of members."
  value       = local.members
}

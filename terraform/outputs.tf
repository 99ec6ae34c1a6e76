output "brokers" {
  description = "Kafka, as in --brokers."
  value       = local.brokers
}

output "lake" {
  description = "The lake, as in --lake."
  value       = local.lake
}

output "metrics" {
  description = "What Prometheus asks: the targets of deploy/prometheus/prometheus.yml."
  value       = [for address in local.members : "${address}:9464"]
}

output "members" {
  description = "Addresses of the machines of members."
  value       = local.members
}

output "bastion" {
  description = "The address that operators reach: ssh -J debian@<bastion> debian@<machine>."
  value       = openstack_networking_floatingip_v2.bastion.address
}

output "ca" {
  description = "Certificate of the cluster's authority, as in --kafka-ca and --hdfs-ca."
  value       = local.ca
}

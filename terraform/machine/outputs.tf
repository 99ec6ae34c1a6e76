output "port_id" {
  description = "Its port in the cluster's network."
  value       = openstack_networking_port_v2.port.id
}

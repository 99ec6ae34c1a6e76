data "openstack_networking_network_v2" "external" {
  name = var.external_network
}

resource "openstack_networking_network_v2" "siskin" {
  name = "siskin"
}

resource "openstack_networking_subnet_v2" "siskin" {
  name            = "siskin"
  network_id      = openstack_networking_network_v2.siskin.id
  cidr            = var.cidr
  dns_nameservers = var.dns
}

resource "openstack_networking_router_v2" "siskin" {
  name                = "siskin"
  external_network_id = data.openstack_networking_network_v2.external.id
}

resource "openstack_networking_router_interface_v2" "siskin" {
  router_id = openstack_networking_router_v2.siskin.id
  subnet_id = openstack_networking_subnet_v2.siskin.id
}

# Machines of the cluster talk to each other; SSH comes from the bastion alone and, if it is wanted, metrics are
# read from outside.
resource "openstack_networking_secgroup_v2" "siskin" {
  name        = "siskin"
  description = "Siskin: everything inside, SSH from the bastion, metrics for Prometheus"
}

resource "openstack_networking_secgroup_rule_v2" "inside" {
  direction         = "ingress"
  ethertype         = "IPv4"
  remote_group_id   = openstack_networking_secgroup_v2.siskin.id
  security_group_id = openstack_networking_secgroup_v2.siskin.id
}

resource "openstack_networking_secgroup_rule_v2" "ssh" {
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 22
  port_range_max    = 22
  remote_group_id   = openstack_networking_secgroup_v2.bastion.id
  security_group_id = openstack_networking_secgroup_v2.siskin.id
}

resource "openstack_networking_secgroup_rule_v2" "metrics" {
  count = var.monitoring_cidr == null ? 0 : 1

  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 9464
  port_range_max    = 9464
  remote_ip_prefix  = var.monitoring_cidr
  security_group_id = openstack_networking_secgroup_v2.siskin.id
}

resource "openstack_networking_secgroup_v2" "bastion" {
  name        = "siskin-bastion"
  description = "Siskin: SSH from the operators"
}

resource "openstack_networking_secgroup_rule_v2" "operators" {
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 22
  port_range_max    = 22
  remote_ip_prefix  = var.admin_cidr
  security_group_id = openstack_networking_secgroup_v2.bastion.id
}

resource "openstack_networking_floatingip_v2" "bastion" {
  pool = var.external_network
}

resource "openstack_networking_floatingip_associate_v2" "bastion" {
  floating_ip = openstack_networking_floatingip_v2.bastion.address
  port_id     = module.machine["bastion"].port_id

  depends_on = [openstack_networking_router_interface_v2.siskin]
}

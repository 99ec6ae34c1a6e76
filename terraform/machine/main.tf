# One machine: a port with a fixed address, the machine, and a data volume that outlives it.

resource "openstack_networking_port_v2" "port" {
  name               = var.name
  network_id         = var.network_id
  security_group_ids = [var.security_group_id]

  fixed_ip {
    subnet_id  = var.subnet_id
    ip_address = var.address
  }
}

resource "openstack_blockstorage_volume_v3" "data" {
  count = var.volume_gb > 0 ? 1 : 0

  name = "${var.name}-data"
  size = var.volume_gb
}

resource "openstack_compute_instance_v2" "machine" {
  name        = var.name
  flavor_name = var.flavor
  key_pair    = var.key_pair
  user_data   = var.user_data

  block_device {
    uuid                  = var.image_id
    source_type           = "image"
    destination_type      = "local"
    boot_index            = 0
    delete_on_termination = true
  }

  dynamic "block_device" {
    for_each = openstack_blockstorage_volume_v3.data

    content {
      uuid                  = block_device.value.id
      source_type           = "volume"
      destination_type      = "volume"
      boot_index            = -1
      delete_on_termination = false
    }
  }

  network {
    port = openstack_networking_port_v2.port.id
  }

  # A newer image or another setting is rolled out machine by machine: terraform apply -replace.
  lifecycle {
    ignore_changes = [block_device[0].uuid, user_data]
  }
}

# Addresses are fixed, so that every machine can be told of the others before they exist.
locals {
  kafka     = [for i in range(3) : cidrhost(var.cidr, 10 + i)]
  namenode  = cidrhost(var.cidr, 20)
  datanodes = [for i in range(var.datanodes) : cidrhost(var.cidr, 21 + i)]
  members   = [for i in range(var.members) : cidrhost(var.cidr, 50 + i)]

  brokers   = join(",", [for address in local.kafka : "${address}:9092"])
  voters    = join(",", [for i, address in local.kafka : "${i + 1}@${address}:9093"])
  lake      = "swebhdfs://${local.namenode}:9871/siskin"
  templates = "${path.module}/../deploy/openstack"

  bastion = cidrhost(var.cidr, 5)

  hdfs = {
    namenode = local.namenode
    mirror   = var.mirror
    version  = var.versions.hadoop
    checksum = var.checksums.hadoop
    ca       = local.ca
  }

  kafka_machines = {
    for i, address in local.kafka : "kafka-${i + 1}" => {
      address = address
      flavor  = var.flavors.kafka
      volume  = var.volume_gb.kafka
      user_data = templatefile("${local.templates}/kafka.yaml.tftpl", {
        id          = i + 1
        address     = address
        voters      = local.voters
        cluster     = var.kafka_cluster_id
        mirror      = var.mirror
        version     = var.versions.kafka
        checksum    = var.checksums.kafka
        password    = var.kafka_password
        ca          = local.ca
        keystore    = local.keystores["kafka-${i + 1}"]
        super_users = join(";", concat(["User:siskin"], [for name in local.kafka_names : "User:CN=${name}"]))
      })
    }
  }

  hdfs_machines = merge(
    {
      "namenode-1" = {
        address   = local.namenode
        flavor    = var.flavors.namenode
        volume    = var.volume_gb.namenode
        user_data = templatefile("${local.templates}/hdfs.yaml.tftpl", merge(local.hdfs, { role = "namenode", address = local.namenode, keystore = local.keystores["namenode-1"] }))
      }
    },
    {
      for i, address in local.datanodes : "datanode-${i + 1}" => {
        address   = address
        flavor    = var.flavors.datanode
        volume    = var.volume_gb.datanode
        user_data = templatefile("${local.templates}/hdfs.yaml.tftpl", merge(local.hdfs, { role = "datanode", address = address, keystore = local.keystores["datanode-${i + 1}"] }))
      }
    }
  )

  member_machines = {
    for i, address in local.members : "member-${i + 1}" => {
      address = address
      flavor  = var.flavors.member
      volume  = var.volume_gb.member
      user_data = templatefile("${local.templates}/member.yaml.tftpl", {
        address    = address
        brokers    = jsonencode(local.brokers)
        topics     = jsonencode(var.topics)
        group      = jsonencode(var.group)
        lake       = jsonencode(local.lake)
        members    = var.members_a_machine
        repository = var.repository
        revision   = var.revision
        commit     = var.commit
        password   = var.kafka_password
        ca         = local.ca
      })
    }
  }
}

# The one machine with an address outside: operators come through it.
locals {
  bastion_machines = {
    "bastion" = {
      address   = local.bastion
      flavor    = var.flavors.bastion
      volume    = 0
      user_data = "#cloud-config\n{}\n"
    }
  }
}

data "openstack_images_image_v2" "image" {
  name        = var.image
  most_recent = true
}

module "machine" {
  source   = "./machine"
  for_each = merge(local.kafka_machines, local.hdfs_machines, local.member_machines, local.bastion_machines)

  name              = "siskin-${each.key}"
  address           = each.value.address
  flavor            = each.value.flavor
  volume_gb         = each.value.volume
  user_data         = each.value.user_data
  image_id          = data.openstack_images_image_v2.image.id
  key_pair          = var.key_pair
  network_id        = openstack_networking_network_v2.siskin.id
  subnet_id         = openstack_networking_subnet_v2.siskin.id
  security_group_id = each.key == "bastion" ? openstack_networking_secgroup_v2.bastion.id : openstack_networking_secgroup_v2.siskin.id

  # Their first start fetches packages: there must be a way out.
  depends_on = [openstack_networking_router_interface_v2.siskin]
}

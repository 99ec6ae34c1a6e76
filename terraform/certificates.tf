# An authority of the cluster's own, and a certificate for every machine that serves: Kafka and HDFS. The keys lie in
# Terraform's state: keep that where secrets are kept.
locals {
  kafka_names = [for i in range(3) : "kafka-${i + 1}"]
  ca          = tls_self_signed_cert.ca.cert_pem
  certified = merge(
    zipmap(local.kafka_names, local.kafka),
    { "namenode-1" = local.namenode },
    { for i, address in local.datanodes : "datanode-${i + 1}" => address }
  )
  keystores = { for name, address in local.certified : name => join("", [
    tls_private_key.machine[name].private_key_pem_pkcs8,
    tls_locally_signed_cert.machine[name].cert_pem,
    local.ca
  ]) }
}

resource "tls_private_key" "ca" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_self_signed_cert" "ca" {
  private_key_pem       = tls_private_key.ca.private_key_pem
  is_ca_certificate     = true
  validity_period_hours = 87600
  allowed_uses          = ["cert_signing", "crl_signing"]

  subject {
    common_name = "siskin"
  }
}

resource "tls_private_key" "machine" {
  for_each = local.certified

  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_cert_request" "machine" {
  for_each = local.certified

  private_key_pem = tls_private_key.machine[each.key].private_key_pem
  ip_addresses    = [each.value]
  dns_names       = [each.key]

  subject {
    common_name = each.key
  }
}

resource "tls_locally_signed_cert" "machine" {
  for_each = local.certified

  cert_request_pem      = tls_cert_request.machine[each.key].cert_request_pem
  ca_private_key_pem    = tls_private_key.ca.private_key_pem
  ca_cert_pem           = local.ca
  validity_period_hours = 17520
  early_renewal_hours   = 2160
  allowed_uses          = ["digital_signature", "key_encipherment", "server_auth", "client_auth"]
}

# An authority of the cluster's own, and a certificate for every Kafka machine. The keys lie in Terraform's
# state: keep that where secrets are kept.
locals {
  kafka_names = [for i in range(3) : "kafka-${i + 1}"]
  ca          = tls_self_signed_cert.ca.cert_pem
  keystores = [for i in range(3) : join("", [
    tls_private_key.kafka[i].private_key_pem_pkcs8,
    tls_locally_signed_cert.kafka[i].cert_pem,
    local.ca
  ])]
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

resource "tls_private_key" "kafka" {
  count = 3

  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_cert_request" "kafka" {
  count = 3

  private_key_pem = tls_private_key.kafka[count.index].private_key_pem
  ip_addresses    = [local.kafka[count.index]]
  dns_names       = [local.kafka_names[count.index]]

  subject {
    common_name = local.kafka_names[count.index]
  }
}

resource "tls_locally_signed_cert" "kafka" {
  count = 3

  cert_request_pem      = tls_cert_request.kafka[count.index].cert_request_pem
  ca_private_key_pem    = tls_private_key.ca.private_key_pem
  ca_cert_pem           = local.ca
  validity_period_hours = 17520
  early_renewal_hours   = 2160
  allowed_uses          = ["digital_signature", "key_encipherment", "server_auth", "client_auth"]
}

# Machines of a fleet as a Nomad batch job (docs/fleet.md): nomad job run fleet.nomad.hcl
#
# Key file and password file come from Nomad's variables:
#   nomad var put nomad/jobs/kimt-uni key=@uni.key pgpass=@pgpass
job "kimt-uni" {
  type = "batch"

  group "machines" {
    count = 8

    # 5: the lease was lost; 3: a server could not be reached.
    restart {
      attempts = 20
      delay    = "30s"
      interval = "1h"
      mode     = "delay"
    }

    task "work" {
      driver       = "exec"
      kill_signal  = "SIGINT"
      kill_timeout = "90s"

      template {
        data        = "{{ with nomadVar \"nomad/jobs/kimt-uni\" }}{{ .key }}{{ end }}"
        destination = "secrets/key"
        perms       = "0600"
      }
      template {
        data        = "{{ with nomadVar \"nomad/jobs/kimt-uni\" }}{{ .pgpass }}{{ end }}"
        destination = "secrets/pgpass"
        perms       = "0600"
      }
      env {
        PGPASSFILE = "${NOMAD_SECRETS_DIR}/pgpass"
      }
      config {
        command = "/usr/bin/kimt"
        args = [
          "fleet", "work", "--quiet",
          "--ledger", "postgres://kimt@db.example.com/kimt",
          "--name", "uni",
          "--key-file", "${NOMAD_SECRETS_DIR}/key",
          "--jobs", "8",
          "--log-dir", "${NOMAD_ALLOC_DIR}/logs/kimt",
        ]
      }
      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}

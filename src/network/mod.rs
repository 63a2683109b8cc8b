//! Lines to servers: TCP, TLS, whom to trust, time limits. Only here is native-tls named.

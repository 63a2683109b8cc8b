//! TLS by versions and with client certificates, before `openssl s_server`.

use super::certificate::TestCertificate;
use kimt::domain::Secret;
use kimt::network::{ClientCertificate, Limits, NetworkError, Stream, Trust, dial};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct OpenSsl {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl OpenSsl {
    fn start(certificate: &TestCertificate, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("authority.pem", &certificate.authority),
            ("certificate.pem", &certificate.certificate),
            ("key.pem", &certificate.key),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // What is typed into it goes to the client; its end would end the server.
        let process =
            openssl(folder.path(), "s_server -quiet -cert certificate.pem -key key.pem -CAfile authority.pem")
                .args(["-accept", &format!("127.0.0.1:{port}")])
                .args(options)
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "openssl s_server does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, port, folder }
    }

    fn trust(&self) -> Trust {
        Trust::with_authority_files(&[self.folder.path().join("authority.pem")], None).unwrap()
    }

    fn connect(&self, trust: &Trust) -> Result<Stream, NetworkError> {
        let limits = Limits { read: Duration::from_secs(20), ..Limits::default() };
        let mut dial = || dial("localhost", self.port, None, &limits);
        Stream::secure(dial()?, "localhost", trust, &mut dial)
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn openssl(folder: &Path, words: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args(words.split(' ')).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn a_server_with_tls_1_2_only_is_good_enough() {
    let server = OpenSsl::start(&TestCertificate::new(), &["-tls1_2"]);
    server.connect(&server.trust()).map(drop).unwrap();
}

#[test]
fn a_server_with_tls_1_1_only_is_refused_even_when_its_certificate_is_pinned() {
    let server = OpenSsl::start(&TestCertificate::new(), &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    // The server does speak it: to a client that is content with less.
    let address = format!("s_client -tls1_1 -cipher ALL:@SECLEVEL=0 -connect 127.0.0.1:{}", server.port);
    assert!(openssl(server.folder.path(), &address).stdin(Stdio::null()).status().unwrap().success());
    let error = server.connect(&server.trust()).map(drop).unwrap_err();
    assert!(matches!(error, NetworkError::TlsFailed(_)), "{error:?}");
    let mut pinned = server.trust();
    pinned.pinned = Some(kimt::domain::Fingerprint([7; 32]));
    let error = server.connect(&pinned).map(drop).unwrap_err();
    assert!(matches!(error, NetworkError::TlsFailed(_)), "{error:?}");
}

#[test]
fn once_one_of_the_hosts_certificates_was_shown_another_of_them_is_a_change() {
    let servers = [(), ()].map(|()| OpenSsl::start(&TestCertificate::new(), &[]));
    let prints = servers.each_ref().map(|server| match server.connect(&Trust::default()).map(drop) {
        Err(NetworkError::Untrusted { details }) => details.fingerprint,
        other => panic!("{other:?}"),
    });
    // As in a run: all connections to one port share whom they trust.
    let mut trust = Trust::default();
    trust.of_host = prints.into();
    servers[0].connect(&trust).map(drop).unwrap();
    let changed = servers[1].connect(&trust).map(drop);
    assert!(matches!(&changed, Err(NetworkError::Changed { expected, .. }) if *expected == prints[0]), "{changed:?}");
}

#[test]
fn a_server_that_asks_for_a_client_certificate_gets_it() {
    let certificate = TestCertificate::new();
    let server = OpenSsl::start(&certificate, &["-tls1_2", "-Verify", "1", "-verify_return_error"]);
    let made = openssl(
        server.folder.path(),
        "pkcs12 -export -in certificate.pem -inkey key.pem -passout pass:open -out own.p12",
    );
    assert!({ made }.status().unwrap().success());
    let own = ClientCertificate { file: server.folder.path().join("own.p12"), password: Secret::new("open") };
    assert!(server.connect(&server.trust()).is_err());
    let trust = server.trust().with_client_certificate(&own).unwrap();
    server.connect(&trust).map(drop).unwrap();
    let wrong = ClientCertificate { password: Secret::new("shut"), ..own };
    assert!(server.trust().with_client_certificate(&wrong).is_err());
}

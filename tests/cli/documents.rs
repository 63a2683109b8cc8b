//! What the packages ship: completions, man pages and the guide, made by the program itself.

use super::stage::{finish, kimt};

#[test]
fn completions_name_every_command_and_option() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ended = finish(kimt().args(["completions", shell]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        for word in ["migrate", "restore-port", "source-security"] {
            assert!(ended.stdout.contains(word), "{word} is not completed by {shell}");
        }
    }
    assert_eq!(finish(kimt().args(["completions", "abacus"])).code, Some(2));
}

#[test]
fn the_packages_get_man_pages_completions_and_the_guide() {
    let folder = tempfile::tempdir().unwrap();
    let ended = finish(kimt().arg("documents").arg(folder.path()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("man/kimt.1").contains(".TH kimt 1"));
    assert!(read("man/kimt-migrate.1").contains("notify"));
    assert!(!folder.path().join("man/kimt-documents.1").exists(), "nobody types that");
    for name in ["kimt.bash", "_kimt", "kimt.fish", "_kimt.ps1"] {
        assert!(read(&format!("completions/{name}")).contains("migrate"), "{name}");
    }
    assert!(read("guide.html").contains("Kerio Connect"));
}

#[test]
fn a_completion_script_is_good_bash() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("kimt.bash");
    std::fs::write(&script, finish(kimt().args(["completions", "bash"])).stdout).unwrap();
    let words = "COMP_WORDS=(kimt mig); COMP_CWORD=1; _kimt kimt mig kimt; echo \"${COMPREPLY[@]}\"";
    let line = format!("source '{}'; {words}", script.display());
    let ended = finish(std::process::Command::new("bash").args(["-c", &line]));
    assert_eq!(ended.stdout.trim(), "migrate migrations", "{ended:?}");
}

//! How people sign in on either server: the options, and what they mean together.

use super::password::{self, PasswordRequest};
use super::remembered::Taken;
use crate::domain::SignInKind;
use crate::migrate::{MASTER_SEPARATOR, NameForm, SignInWay, TokenSource};
use crate::migration::SideSettings;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// How people sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Way {
    /// each with the password of the CSV
    #[default]
    Own,
    /// with a master user's password, under a name such as ann@example.com*master (Dovecot)
    Master,
    /// as an administrator on behalf of each person (Cyrus, Zimbra, Exchange)
    Authorization,
    /// with Kerio Connect's master password
    KerioMaster,
    /// with a token for each person (Gmail, Microsoft 365)
    Token,
}

/// The form of an address that people sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Form {
    /// the whole address
    #[default]
    Address,
    /// the part before the @
    Local,
}

impl From<SignInKind> for Way {
    fn from(kind: SignInKind) -> Self {
        match kind {
            SignInKind::OwnPassword => Way::Own,
            SignInKind::MasterUser => Way::Master,
            SignInKind::Authorization => Way::Authorization,
            SignInKind::KerioMaster => Way::KerioMaster,
            SignInKind::Token => Way::Token,
        }
    }
}

impl From<NameForm> for Form {
    fn from(form: NameForm) -> Self {
        match form {
            NameForm::Address => Form::Address,
            NameForm::LocalPart => Form::Local,
        }
    }
}

impl From<Form> for NameForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Address => NameForm::Address,
            Form::Local => NameForm::LocalPart,
        }
    }
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Sign-in on the source")]
pub(super) struct SourceSignInArguments {
    /// How people sign in on the source; only 'own' needs their own passwords [default: own]
    ///
    /// Example with a master user of Dovecot; kimt asks for the password:
    /// --source-sign-in master --source-master-user boss
    #[arg(long, value_enum, value_name = "WAY")]
    source_sign_in: Option<Way>,
    /// The master user or administrator who signs in for others on the source
    ///
    /// Example with an administrator of Zimbra or Cyrus:
    /// --source-sign-in authorization --source-master-user admin@old.example
    ///
    /// The password comes from --source-master-password-file or the environment variable KIMT_SOURCE_MASTER_PASSWORD; otherwise kimt asks
    /// for it.
    #[arg(long, value_name = "NAME")]
    source_master_user: Option<String>,
    /// A file whose first line is that password, or Kerio Connect's master password; takes precedence over KIMT_SOURCE_MASTER_PASSWORD
    ///
    /// Example with an old Kerio Connect: --source-sign-in kerio-master --source-master-password-file master.txt
    #[arg(long, value_name = "FILE")]
    source_master_password_file: Option<PathBuf>,
    /// A file whose first line is the token; {address} in its name is replaced by the person's address
    ///
    /// Example: --source-sign-in token --source-token-file '/run/tokens/{address}'
    #[arg(long, value_name = "FILE")]
    source_token_file: Option<PathBuf>,
    /// A command that takes a person's address as its last argument and prints the token; it runs without a shell
    ///
    /// Example: --source-sign-in token --source-token-command '/usr/local/bin/gmail-token --key key.json'
    #[arg(long, value_name = "COMMAND")]
    source_token_command: Option<String>,
    /// Whether people sign in on the source with their whole address or the part before the @ [default: address]
    ///
    /// Example for a server that knows ann@old.example as ann: --source-name-form local
    #[arg(long, value_enum, value_name = "FORM")]
    source_name_form: Option<Form>,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Sign-in on the target")]
pub(super) struct TargetSignInArguments {
    /// How people sign in on the target; only 'own' needs their own passwords [default: own]
    ///
    /// Example with Kerio Connect, whose existing users keep their passwords; kimt asks for the master password:
    /// --target-sign-in kerio-master
    #[arg(long, value_enum, value_name = "WAY")]
    target_sign_in: Option<Way>,
    /// The master user or administrator who signs in for others on the target
    ///
    /// Example: --target-kind imap --target-sign-in master --target-master-user boss
    ///
    /// The password comes from --target-master-password-file or the environment variable KIMT_TARGET_MASTER_PASSWORD; otherwise kimt asks
    /// for it.
    #[arg(long, value_name = "NAME")]
    target_master_user: Option<String>,
    /// A file whose first line is that password, or Kerio Connect's master password; takes precedence over KIMT_TARGET_MASTER_PASSWORD
    ///
    /// Example: --target-sign-in kerio-master --target-master-password-file master.txt
    #[arg(long, value_name = "FILE")]
    target_master_password_file: Option<PathBuf>,
    /// A file whose first line is the token; {address} in its name is replaced by the person's address on the target
    ///
    /// Example: --target-sign-in token --target-token-file '/run/tokens/{address}'
    #[arg(long, value_name = "FILE")]
    target_token_file: Option<PathBuf>,
    /// A command that takes a person's address on the target as its last argument and prints the token; it runs without a shell
    ///
    /// Example: --target-sign-in token --target-token-command /usr/local/bin/new-token
    #[arg(long, value_name = "COMMAND")]
    target_token_command: Option<String>,
    /// Whether people sign in on the target with their whole address or the part before the @; not for Kerio Connect [default: address]
    ///
    /// Example: --target-kind imap --target-name-form local
    #[arg(long, value_enum, value_name = "FORM")]
    target_name_form: Option<Form>,
}

impl SourceSignInArguments {
    /// Whether every account needs the password of the CSV.
    pub(super) fn needs_own_passwords(&self) -> bool {
        self.source_sign_in.unwrap_or_default() == Way::Own
    }

    /// Takes from the last run how people sign in, where that was not typed.
    pub(super) fn take_from(&mut self, settings: &SideSettings, taken: &mut Taken) {
        taken.choice("source-sign-in", &mut self.source_sign_in, settings.sign_in.into());
        let master = master_of(settings, self.source_sign_in);
        taken.value("source-master-user", &mut self.source_master_user, master, &settings.master);
        taken.choice("source-name-form", &mut self.source_name_form, settings.name_form.into());
    }
}

impl TargetSignInArguments {
    /// Whether every account needs the password of the CSV.
    pub(super) fn needs_own_passwords(&self) -> bool {
        self.target_sign_in.unwrap_or_default() == Way::Own
    }

    /// Takes from the last run how people sign in, where that was not typed; `names` says whether the form of their names matters.
    pub(super) fn take_from(&mut self, settings: &SideSettings, names: bool, taken: &mut Taken) {
        taken.choice("target-sign-in", &mut self.target_sign_in, settings.sign_in.into());
        let master = master_of(settings, self.target_sign_in);
        taken.value("target-master-user", &mut self.target_master_user, master, &settings.master);
        if names {
            taken.choice("target-name-form", &mut self.target_name_form, settings.name_form.into());
        }
    }
}

/// Who signed in for others, if people still sign in the same way.
fn master_of(settings: &SideSettings, way: Option<Way>) -> Option<String> {
    let is_same = way == Some(settings.sign_in.into());
    Some(settings.master.clone()).filter(|master| is_same && !master.is_empty())
}

/// The options of one side.
#[derive(Debug, Default)]
pub(super) struct Typed {
    /// `source` or `target`, as in the options' names.
    side: &'static str,
    variable: &'static str,
    way: Way,
    pub(super) form: Form,
    user: Option<String>,
    password_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    token_command: Option<String>,
}

impl From<SourceSignInArguments> for Typed {
    fn from(typed: SourceSignInArguments) -> Self {
        Self {
            side: "source",
            variable: "KIMT_SOURCE_MASTER_PASSWORD",
            way: typed.source_sign_in.unwrap_or_default(),
            form: typed.source_name_form.unwrap_or_default(),
            user: typed.source_master_user,
            password_file: typed.source_master_password_file,
            token_file: typed.source_token_file,
            token_command: typed.source_token_command,
        }
    }
}

impl From<TargetSignInArguments> for Typed {
    fn from(typed: TargetSignInArguments) -> Self {
        Self {
            side: "target",
            variable: "KIMT_TARGET_MASTER_PASSWORD",
            way: typed.target_sign_in.unwrap_or_default(),
            form: typed.target_name_form.unwrap_or_default(),
            user: typed.target_master_user,
            password_file: typed.target_master_password_file,
            token_file: typed.target_token_file,
            token_command: typed.target_token_command,
        }
    }
}

impl Typed {
    /// The way to sign in. Asks for a password where one is needed.
    pub(super) fn way(&self) -> Result<SignInWay, String> {
        self.check()?;
        Ok(match self.way {
            Way::Own => SignInWay::OwnPassword,
            Way::Master => {
                let user = self.master_user()?;
                SignInWay::MasterUser { password: self.password(&user)?, user, separator: MASTER_SEPARATOR }
            }
            Way::Authorization => {
                let user = self.master_user()?;
                SignInWay::Authorization { password: self.password(&user)?, user }
            }
            Way::KerioMaster => SignInWay::KerioMaster { password: self.password("of Kerio Connect")? },
            Way::Token => SignInWay::Token { source: self.token_source()? },
        })
    }

    /// Refuses options that the chosen way does not use: the user meant something by them.
    fn check(&self) -> Result<(), String> {
        let side = self.side;
        let has_user = matches!(self.way, Way::Master | Way::Authorization);
        let needs = |given: bool, used: bool, option: &str, ways: &str| match given && !used {
            true => Err(format!("--{side}-{option} only works with --{side}-sign-in {ways}.")),
            false => Ok(()),
        };
        needs(self.user.is_some(), has_user, "master-user", "master or authorization")?;
        needs(
            self.password_file.is_some(),
            has_user || self.way == Way::KerioMaster,
            "master-password-file",
            "master, authorization or kerio-master",
        )?;
        needs(self.token_file.is_some(), self.way == Way::Token, "token-file", "token")?;
        needs(self.token_command.is_some(), self.way == Way::Token, "token-command", "token")
    }

    fn master_user(&self) -> Result<String, String> {
        let side = self.side;
        let user = self.user.clone().filter(|user| !user.trim().is_empty());
        user.ok_or_else(|| {
            format!("The name of the master user or administrator on the {side} is missing. Give --{side}-master-user.")
        })
    }

    fn password(&self, whose: &str) -> Result<crate::domain::Secret, String> {
        password::find(&PasswordRequest {
            file: self.password_file.as_deref(),
            variable: self.variable,
            whose: &format!("master {whose} on the {}", self.side),
            option: &format!("--{}-master-password-file", self.side),
        })
    }

    fn token_source(&self) -> Result<TokenSource, String> {
        match (&self.token_file, &self.token_command) {
            (Some(file), None) => Ok(TokenSource::File(file.clone())),
            (None, Some(command)) if !command.trim().is_empty() => Ok(TokenSource::Command(command.clone())),
            _ => {
                let side = self.side;
                Err(format!(
                    "--{side}-sign-in token needs either --{side}-token-file or --{side}-token-command, but not both."
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Secret;

    fn typed(way: Way) -> Typed {
        Typed { way, ..SourceSignInArguments::default().into() }
    }

    #[test]
    fn a_way_without_what_it_needs_says_which_option_is_missing() {
        assert!(typed(Way::Master).way().unwrap_err().contains("Give --source-master-user."));
        let blank = Typed { user: Some(" ".to_owned()), ..typed(Way::Master) };
        assert!(blank.way().unwrap_err().contains("Give --source-master-user."));
        assert!(typed(Way::Token).way().unwrap_err().contains("--source-token-command"));
        let both = Typed {
            token_file: Some("token".into()),
            token_command: Some("give-token".to_owned()),
            ..typed(Way::Token)
        };
        assert!(both.way().unwrap_err().contains("but not both"));
    }

    #[test]
    fn an_option_that_the_way_does_not_use_is_refused() {
        let user = Typed { user: Some("boss".to_owned()), ..typed(Way::Own) };
        assert_eq!(
            user.way().unwrap_err(),
            "--source-master-user only works with --source-sign-in master or authorization."
        );
        let file = Typed { token_file: Some("token".into()), ..typed(Way::KerioMaster) };
        assert!(file.way().unwrap_err().contains("--source-sign-in token"));
    }

    #[test]
    fn a_master_is_read_with_the_password_of_its_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "geheim\n").unwrap();
        let password_file = Some(file.path().to_owned());
        let master = Typed { user: Some("boss".to_owned()), password_file, ..typed(Way::Master) };
        let password = Secret::new("geheim");
        let expected = SignInWay::MasterUser { user: "boss".to_owned(), password, separator: '*' };
        assert_eq!(master.way(), Ok(expected));
    }
}

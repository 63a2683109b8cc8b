//! The titles of columns that are known: a table by meaning and language.

/// What a title says. Some leave open what the column holds; then its content decides (see [`super::plan`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Word {
    /// A mail address.
    Address,
    /// Microsoft's user principal name: the sign-in name, and often the address.
    PrincipalName,
    /// The name to sign in with, often the address.
    Login,
    /// A mailbox or an account by its name, often the address.
    Mailbox,
    /// A name: the whole, or what is missing beside a first or a last name.
    Name,
    /// The whole name.
    FullName,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The password.
    Password,
    /// The address on the target.
    Target,
    /// The part before the @.
    LocalPart,
    /// The domain.
    Domain,
}

pub(super) type Languages = &'static [(&'static str, &'static str)];

/// The titles, separated by bars, as a person would write them; compared in the form of [`fold`].
pub(super) const TITLES: [(Word, Languages); 12] = [
    (
        Word::Address,
        &[
            (
                "English",
                "address|mail address|mailaddress|mail|email|e-mail|emails|email address|e-mail address|emailaddress|mailbox address|primary email|primary e-mail|primary email address|primary e-mail address|primary mail|primary address|primary smtp address|primary smtp|smtp address|email account|e-mail account|mail account|account address|accountaddress|account email|user email|user e-mail|user email address|email id|e-mail id|source address|source email|old address|old email|old e-mail|old email address|mailbox email|work email|email addr|emailaddr|u_email|imap account",
            ),
            (
                "exports",
                "windows email address|zimbraMailDeliveryAddress|user_email|mail_address|email_address|user@domain.com|userEmail",
            ),
            (
                "German",
                "Adresse|E-Mail-Adresse|E-Mailadresse|Email-Adresse|Emailadresse|Mail-Adresse|Mailadresse|primäre E-Mail-Adresse|primäre E-Mail|primäre SMTP-Adresse|alte Adresse|alte E-Mail-Adresse|E-Mail-Konto|Email-Konto|Mailkonto",
            ),
            (
                "Czech",
                "adresa|e-mailová adresa|emailová adresa|mailová adresa|e-mail adresa|primární e-mail|stará adresa|starý e-mail|e-mailový účet|emailový účet",
            ),
            (
                "Slovak",
                "e-mailová adresa|emailová adresa|mailová adresa|primárny e-mail|stará adresa|starý e-mail|e-mailový účet",
            ),
            (
                "French",
                "adresse|adresse e-mail|adresse email|adresse mail|adresse de messagerie|adresse électronique|adresse courriel|adresse de courriel|courriel|mél|ancienne adresse|adresse e-mail principale|adresse principale|compte de messagerie|compte e-mail",
            ),
            (
                "Spanish",
                "dirección|correo|correo electrónico|dirección de correo|dirección de correo electrónico|dirección de email|dirección email|cuenta de correo|cuenta de correo electrónico|correo principal|dirección antigua",
            ),
            (
                "Italian",
                "indirizzo|indirizzo email|indirizzo e-mail|indirizzo mail|indirizzo di posta|indirizzo di posta elettronica|posta elettronica|casella email|casella e-mail|casella di posta|casella di posta elettronica|email principale|vecchio indirizzo",
            ),
            (
                "Polish",
                "adres|adres email|adres e-mail|adres poczty|adres poczty elektronicznej|adres poczty e-mail|adres mailowy|poczta|poczta elektroniczna|główny adres e-mail|stary adres|konto e-mail|konto email|konto pocztowe",
            ),
            (
                "Russian",
                "адрес|электронная почта|адрес электронной почты|почта|эл. почта|эл. адрес|электронный адрес|адрес почты|почтовый адрес e-mail|имейл|емейл|е-мейл|старый адрес|основной адрес",
            ),
            (
                "others",
                "e-mail cím|email cím|cím|e-mailadres|emailadres|endereço|endereço de e-mail|endereço de email|correio eletrónico|correio eletrônico|e-post|e-postadress|e-postadresse|epost|sähköposti|sähköpostiosoite|adresă de e-mail|adresă|e-posta|e-posta adresi|eposta|email naslov|e-poštni naslov|e-pošta|адреса|електронна пошта",
            ),
        ],
    ),
    (
        Word::PrincipalName,
        &[(
            "Microsoft",
            "user principal name|userprincipalname|upn|Benutzerprinzipalname|nom d'utilisateur principal|nombre principal de usuario|hlavní název uživatele|nome dell'entità utente|główna nazwa użytkownika|имя участника-пользователя",
        )],
    ),
    (
        Word::Login,
        &[
            (
                "English",
                "user|username|user name|user-name|login|login name|loginname|logon|logon name|log-in|sign-in name|sign in name|signin name|sign-in|source login|source user|source username|old login|old username|old user|imap login|imap user|imap username|email login|mail login|email username|user1|user_login|login id|accountname login",
            ),
            (
                "German",
                "Benutzer|Benutzername|Anmeldename|Login-Name|Nutzer|Nutzername|Kennung|Benutzerkennung|alter Benutzername|alter Anmeldename|Anmeldung",
            ),
            ("Czech", "uživatel|uživatelské jméno|přihlašovací jméno|přihlašovací|staré přihlašovací jméno"),
            ("Slovak", "používateľ|používateľské meno|užívateľ|užívateľské meno|prihlasovacie meno"),
            (
                "French",
                "utilisateur|nom d'utilisateur|nom utilisateur|identifiant|identifiant de connexion|nom de connexion|ancien identifiant",
            ),
            ("Spanish", "usuario|nombre de usuario|nombre usuario|inicio de sesión|nombre de inicio de sesión"),
            ("Italian", "utente|nome utente|nome di accesso|accesso"),
            ("Polish", "użytkownik|nazwa użytkownika|nazwa logowania"),
            ("Russian", "логин|пользователь|имя пользователя|имя для входа|старый логин"),
            (
                "others",
                "felhasználó|felhasználónév|gebruiker|gebruikersnaam|utilizador|nome de usuário|nome de utilizador|uporabnik|uporabniško ime|korisnik|korisničko ime|användare|användarnamn|bruger|brugernavn|bruker|brukernavn|käyttäjä|käyttäjätunnus|kullanıcı|kullanıcı adı|utilizator|nume utilizator|користувач",
            ),
        ],
    ),
    (
        Word::Mailbox,
        &[
            ("English", "account|account name|accountname|mailbox|mailbox name|mailboxname|mail box|u_mailbox|u_alias"),
            (
                "others",
                "Konto|Kontoname|Postfach|účet|schránka|poštovní schránka|poštová schránka|compte|nom de compte|boîte|boîte aux lettres|boîte mail|cuenta|nombre de cuenta|buzón|casella|nazwa konta|skrzynka|skrzynka pocztowa|учётная запись|аккаунт|ящик|почтовый ящик|fiók|conta|postafiók|postvak",
            ),
        ],
    ),
    (
        Word::Name,
        &[("all", "name|jméno|meno|nom|nombre|nome|nazwa|имя|naam|név|navn|namn|nimi|nume|ime|isim|ім'я|u_name")],
    ),
    (
        Word::FullName,
        &[
            (
                "English",
                "full name|fullname|full-name|display name|displayname|real name|realname|complete name|person|person name|common name|cn|user full name|name and surname|first and last name|first name and last name|employee name|owner|owner name|user display name",
            ),
            (
                "German",
                "vollständiger Name|voller Name|ganzer Name|Anzeigename|Vor- und Nachname|Vorname und Nachname|Vorname Nachname|Name Vorname|Nachname Vorname|Name und Vorname|Personenname|Mitarbeiter",
            ),
            (
                "Czech",
                "celé jméno|jméno a příjmení|příjmení a jméno|jméno příjmení|zobrazované jméno|zobrazovaný název|plné jméno",
            ),
            ("Slovak", "celé meno|meno a priezvisko|priezvisko a meno|meno priezvisko|zobrazované meno|plné meno"),
            ("French", "nom complet|nom affiché|nom d'affichage|nom et prénom|prénom et nom|nom prénom|prénom nom"),
            (
                "Spanish",
                "nombre completo|nombre y apellidos|nombre y apellido|apellidos y nombre|nombre para mostrar|nombre a mostrar|nombre mostrado",
            ),
            ("Italian", "nome completo|nome e cognome|cognome e nome|nome visualizzato|nominativo"),
            (
                "Polish",
                "imię i nazwisko|nazwisko i imię|pełna nazwa|pełne imię i nazwisko|nazwa wyświetlana|wyświetlana nazwa",
            ),
            (
                "Russian",
                "полное имя|фио|ф.и.о.|имя и фамилия|фамилия и имя|имя фамилия|фамилия имя|отображаемое имя|фамилия имя отчество",
            ),
            (
                "others",
                "teljes név|volledige naam|weergavenaam|nome de exibição|fullständigt namn|visningsnamn|fulde navn|fullt navn|koko nimi|ad soyad|nume complet|polno ime|puno ime",
            ),
        ],
    ),
    (
        Word::FirstName,
        &[(
            "all",
            "first name|firstname|first|given name|givenname|forename|fname|name.givenName|accountpersonfirstname|Vorname|křestní jméno|krstné meno|prénom|nombre de pila|primer nombre|nome di battesimo|imię|keresztnév|voornaam|primeiro nome|fornavn|förnamn|etunimi|prenume|ad",
        )],
    ),
    (
        Word::LastName,
        &[(
            "all",
            "last name|lastname|last|surname|family name|familyname|sn|lname|name.familyName|accountpersonlastname|Nachname|Familienname|Zuname|příjmení|priezvisko|nom de famille|apellido|apellidos|primer apellido|cognome|nazwisko|фамилия|vezetéknév|achternaam|sobrenome|apelido|efternavn|etternavn|efternamn|sukunimi|soyad|priimek|prezime",
        )],
    ),
    (
        Word::Password,
        &[
            (
                "English",
                "password|passwd|pass|pwd|pw|passphrase|passcode|password1|user password|user_password|userpassword|email password|e-mail password|mail password|mailbox password|account password|accountpassword|imap password|login password|source password|old password|current password|initial password|temporary password|plain password|plaintext password|cleartext password|clear password|passwordProfile|u_password|app password",
            ),
            (
                "German",
                "Passwort|Kennwort|E-Mail-Passwort|Email-Passwort|E-Mail-Kennwort|Mail-Passwort|IMAP-Passwort|altes Passwort|altes Kennwort|aktuelles Passwort|Zugangspasswort|Paßwort|Initialpasswort|Benutzerkennwort",
            ),
            (
                "Czech and Slovak",
                "heslo|heslo k e-mailu|heslo do e-mailu|heslo k schránce|staré heslo|současné heslo|súčasné heslo|heslo uživatele|heslo používateľa",
            ),
            (
                "French",
                "mot de passe|mdp|mots de passe|ancien mot de passe|mot de passe actuel|passe|mot de passe e-mail|mot de passe de messagerie",
            ),
            ("Spanish", "contraseña|clave|contraseña antigua|contraseña actual|clave de acceso|contraseña de correo"),
            (
                "Italian",
                "parola d'ordine|parola chiave|vecchia password|password attuale|password email|password di posta",
            ),
            ("Polish", "hasło|stare hasło|obecne hasło|hasło do poczty|hasło użytkownika"),
            ("Russian", "пароль|старый пароль|текущий пароль|пароль от почты|пароль пользователя"),
            (
                "others",
                "geslo|jelszó|kodeord|lösenord|lozinka|parola|parolă|passord|adgangskode|senha|palavra-passe|salasana|wachtwoord|şifre|şifrə|zaporka",
            ),
        ],
    ),
    (
        Word::Target,
        &[
            (
                "English",
                "target|target address|target email|target e-mail|target email address|target mail address|target mailbox|destination|destination address|destination email|destination email address|destination mailbox|new address|new email|new e-mail|new email address|new e-mail address|new mail address|address on the target|kerio address|address in kerio|address in kerio connect|new mailbox",
            ),
            (
                "German",
                "Zieladresse|Ziel-Adresse|Ziel-E-Mail|Ziel|Zielpostfach|neue Adresse|neue E-Mail|neue E-Mail-Adresse|neue Mailadresse|neue Email-Adresse",
            ),
            ("Czech", "cílová adresa|cílový e-mail|nová adresa|nový e-mail|nová e-mailová adresa|nový email"),
            ("Slovak", "cieľová adresa|cieľový e-mail|nová e-mailová adresa"),
            (
                "French",
                "adresse cible|adresse de destination|nouvelle adresse|nouvelle adresse e-mail|nouvel e-mail|nouveau courriel",
            ),
            (
                "Spanish",
                "dirección de destino|dirección nueva|nueva dirección|correo nuevo|nuevo correo|correo de destino|nueva dirección de correo",
            ),
            (
                "Italian",
                "indirizzo di destinazione|nuovo indirizzo|nuova email|nuovo indirizzo email|nuova e-mail|indirizzo destinazione",
            ),
            ("Polish", "adres docelowy|nowy adres|nowy e-mail|nowy email|nowy adres e-mail"),
            ("Russian", "целевой адрес|новый адрес|новая почта|адрес назначения|новый адрес электронной почты"),
        ],
    ),
    (
        Word::LocalPart,
        &[(
            "all",
            "local part|localpart|local-part|mail name|mailname|mail_name|part before the @|name before the @|username part|alias_local",
        )],
    ),
    (
        Word::Domain,
        &[(
            "all",
            "domain|domain name|domainname|dom_name|mail domain|email domain|postoffice|post office|u_domain|Domäne|Domain-Name|doména|domaine|nom de domaine|dominio|dominio de correo|nombre de dominio|nome dominio|domena|nazwa domeny|домен|имя домена|domein|tartomány|domínio",
        )],
    ),
];

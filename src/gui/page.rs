//! The pages of the wizard, in their order.

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Page {
    /// Source and target.
    #[default]
    Servers,
    /// The accounts to migrate.
    Accounts,
    /// The run.
    Status,
    /// The outcome of the run.
    Result,
}

impl Page {
    /// All pages, in their order.
    pub const ALL: [Page; 4] = [Page::Servers, Page::Accounts, Page::Status, Page::Result];

    /// The name of its step.
    pub fn name(self) -> &'static str {
        match self {
            Page::Servers => "Servers",
            Page::Accounts => "Accounts",
            Page::Status => "Migration",
            Page::Result => "Result",
        }
    }
}

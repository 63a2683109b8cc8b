//! Which accounts page 2 shows: the filters above its table, and those that the links in its strips set.

/// The accounts to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Showing {
    /// All.
    #[default]
    All,
    /// Those that are chosen.
    Chosen,
    /// Those that are not complete.
    Open,
    /// Those that need attention, or have something worth knowing before the start.
    Problems,
    /// Those that are complete.
    Complete,
    /// Those that are new in the migration.
    New,
    /// Those that are corrected in this window only.
    Corrected,
    /// Those that need a user in Kerio Connect.
    ToCreate,
}

//! How a migration copies: the options that `migrate` and a fleet have in common.

use super::Ways;
use super::servers::Comparison;
use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Migration")]
pub(super) struct CopyingArguments {
    /// How copied messages are compared with the source: read back (content), by size, or not at all (none)
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Comparison::Content)]
    verify: Comparison,
    /// Copy messages again that an earlier run copied and that are no longer on the target
    #[arg(long)]
    repair: bool,
    /// Put what people deleted on the source since an earlier run into the target's trash folder; otherwise it stays and is counted
    #[arg(long)]
    follow_deletions: bool,
}

impl From<CopyingArguments> for Ways {
    fn from(typed: CopyingArguments) -> Self {
        let CopyingArguments { verify, repair, follow_deletions } = typed;
        Self { verify: verify.into(), repair, follow_deletions }
    }
}

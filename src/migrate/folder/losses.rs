//! How often a connection was lost at one folder without progress in between.

/// The losses at one folder.
#[derive(Debug, Default)]
pub struct FolderLosses {
    in_a_row: u32,
    /// The folder's progress at the last loss.
    forward: u64,
}

impl FolderLosses {
    /// Notes a loss at this progress of the folder. Returns the number of losses since the folder last made progress.
    pub fn note(&mut self, forward: u64) -> u32 {
        if forward > self.forward {
            (self.in_a_row, self.forward) = (0, forward);
        }
        self.in_a_row += 1;
        self.in_a_row
    }

    /// Whether there was a loss since the folder last made progress.
    pub fn any(&self) -> bool {
        self.in_a_row > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_losses_without_progress_between_them_count() {
        let mut losses = FolderLosses::default();
        assert!(!losses.any());
        let counts = [0, 0, 5, 5, 5, 6].map(|forward| losses.note(forward));
        assert_eq!(counts, [1, 2, 1, 2, 3, 1]);
        assert!(losses.any());
    }
}

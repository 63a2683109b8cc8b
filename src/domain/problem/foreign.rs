//! Words of others in a problem: each type says where it has some, and one place makes them presentable.

use super::readable;

/// What may hold words of a server, a program or the system.
pub(super) trait Foreign: Sized {
    /// Passes each text that is not ours to `each`.
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String));

    /// The same with these texts printable and short, without secrets.
    fn made_printable(mut self) -> Self {
        self.each_foreign(&mut |text| *text = readable(text));
        self
    }
}

//! A screen without a monitor (Xvfb) with a keyboard and a mouse (xdotool), and the window as its pixels show it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough for the slowest machine, short enough to end a test that hangs.
const PATIENCE: Duration = Duration::from_secs(180);
const AGAIN: Duration = Duration::from_millis(30);

/// A colour as the screen has it: red, green, blue.
pub type Colour = [u8; 3];
/// A place on the screen.
pub type Point = (usize, usize);

/// The screen; dropping it ends Xvfb.
pub struct Screen {
    xvfb: Child,
    /// What DISPLAY has to be for a program to show itself here.
    pub display: String,
    pixels: PathBuf,
}

impl Screen {
    /// Starts Xvfb on a display that nobody has. Its pixels are a file in `folder`.
    pub fn start(folder: &Path) -> Self {
        let hand = Command::new("xdotool").arg("version").output();
        assert!(hand.is_ok(), "xdotool is missing: run scripts/test, which installs what the tests need");
        // A shell leads the group and kills it when the test is gone, however it ended: it reads from a pipe that the test holds. It
        // lets go of its output, so that this ends when Xvfb does.
        let mut xvfb = Command::new("/bin/sh")
            .args(["-c", r#""$@" & exec >&-; read ended; kill -KILL 0"#, "sh"])
            .args(["Xvfb", "-displayfd", "1", "-noreset", "-nolisten", "tcp"])
            .args(["-screen", "0", "1280x800x24", "-fbdir"])
            .arg(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("xvfb.log")).unwrap())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(xvfb.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let said = fs::read_to_string(folder.join("xvfb.log")).unwrap();
        assert!(
            !number.trim().is_empty(),
            "Xvfb does not start: run scripts/test, which installs what the tests need\n{said}"
        );
        Self { xvfb, display: format!(":{}", number.trim()), pixels: folder.join("Xvfb_screen0") }
    }

    /// Waits for a window of that name, gives it the keyboard and returns its upper left corner.
    pub fn focus_window(&self, name: &str) -> Point {
        let found = self.wait_for("the window", |_| {
            let search = ["search", "--onlyvisible", "--name", name, "windowfocus", "getwindowgeometry", "--shell"];
            let output = self.xdotool(&search).output().unwrap();
            output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
        });
        let number = |of: &str| found.lines().find_map(|line| line.strip_prefix(of)?.parse().ok());
        (number("X=").unwrap(), number("Y=").unwrap())
    }

    /// Presses keys, one after another.
    pub fn press(&self, keys: &[&str]) {
        self.act(&[&["key"], keys].concat());
    }

    /// Types a text.
    pub fn write(&self, text: &str) {
        self.act(&["type", "--", text]);
    }

    /// Clicks.
    pub fn click(&self, (x, y): Point) {
        self.act(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]);
    }

    /// Looks at the screen until something is there.
    pub fn wait_for<T>(&self, what: &str, mut found: impl FnMut(&Picture) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = found(&self.look()) {
                return found;
            }
            if started.elapsed() > PATIENCE {
                let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("window.xwd");
                fs::copy(&self.pixels, &kept).unwrap();
                panic!(
                    "waited {PATIENCE:?} in vain for {what}; the screen is in {} (convert shows it)",
                    kept.display()
                );
            }
            std::thread::sleep(AGAIN);
        }
    }

    /// What the screen shows now.
    pub fn look(&self) -> Picture {
        Picture::read(fs::read(&self.pixels).unwrap())
    }

    fn act(&self, arguments: &[&str]) {
        let output = self.xdotool(arguments).output().unwrap();
        assert!(output.status.success(), "xdotool {}: {output:?}", arguments[0]);
    }

    fn xdotool(&self, arguments: &[&str]) -> Command {
        let mut xdotool = Command::new("xdotool");
        xdotool.args(arguments).env("DISPLAY", &self.display);
        xdotool
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.xvfb.stdin.take());
        let _ = self.xvfb.wait();
    }
}

/// Pixels, in the format of xwd: a header of words with the most significant byte first, then rows of blue, green, red, nothing.
pub struct Picture {
    bytes: Vec<u8>,
    start: usize,
    row: usize,
    width: usize,
    height: usize,
}

impl Picture {
    fn read(bytes: Vec<u8>) -> Self {
        let word = |index: usize| {
            let at = index * 4;
            u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
        };
        assert_eq!((word(1), word(11)), (7, 32), "not a picture of the expected kind");
        // A colour of the map before the pixels takes twelve bytes.
        let start = word(0) + 12 * word(19);
        let (width, height, row) = (word(4), word(5), word(12));
        Self { bytes, start, row, width, height }
    }

    /// The colour of a pixel.
    pub fn at(&self, (x, y): Point) -> Colour {
        let at = self.start + y * self.row + x * 4;
        [self.bytes[at + 2], self.bytes[at + 1], self.bytes[at]]
    }

    /// The first run of `length` equal pixels in a row, from `from` to the lower right: where it begins.
    pub fn run(&self, from: Point, colour: Colour, length: usize) -> Option<Point> {
        self.runs(from, colour, length).next()
    }

    /// The first such run that lies on a ground of another colour.
    pub fn run_on(&self, ground: Colour, from: Point, colour: Colour, length: usize) -> Option<Point> {
        // Between the two is an outline.
        self.runs(from, colour, length).find(|&(x, y)| self.at((x - 6, y)) == ground)
    }

    fn runs(&self, from: Point, colour: Colour, length: usize) -> impl Iterator<Item = Point> + '_ {
        (from.1..self.height).filter_map(move |y| {
            let mut begun = from.0;
            (from.0..self.width).find_map(|x| {
                if self.at((x, y)) != colour {
                    begun = x + 1;
                }
                (x + 1 - begun >= length).then_some((begun, y))
            })
        })
    }
}

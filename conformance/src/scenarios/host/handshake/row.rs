//! One first line and what a host has to make of it: data, and the script of the fake that writes it.

use std::net::TcpListener;
use std::path::Path;

use fake_interpreters::script::{Listen, Network, Script, Serve, Step, Stream, Write};

/// Stands for the case's folder in a line.
pub const FOLDER: &str = "{case}";

/// What a host has to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The plugin runs.
    Runs,
    /// The line is good, but nobody listens there: the connection fails, not the handshake.
    Unreachable,
    /// The handshake is refused.
    Refused {
        /// By this word.
        kind: &'static str,
        /// Where a Go host says this.
        go: &'static str,
    },
}

/// Where the plugin really listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bind {
    Tcp(&'static str),
    /// A path, beginning with [`FOLDER`].
    Unix(&'static str),
}

/// What the plugin does when the line is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Stays,
    ClosesStdout,
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The requirement that it is about.
    pub id: &'static str,
    /// What is special about it.
    pub name: &'static str,
    /// What the host has to do.
    pub expect: Expect,
    line: &'static [u8],
    bind: Bind,
    then: Then,
    pieces: usize,
    pause_ms: u64,
    late_ms: u64,
    padded_to: usize,
}

impl Row {
    /// A line after which the plugin runs.
    pub const fn runs(id: &'static str, name: &'static str, line: &'static str) -> Row {
        Row::new(id, name, line.as_bytes(), Expect::Runs)
    }

    /// A good line at whose address nobody listens.
    pub const fn unreachable(id: &'static str, name: &'static str, line: &'static str) -> Row {
        Row::new(id, name, line.as_bytes(), Expect::Unreachable)
    }

    /// A line that is refused.
    pub const fn refused(
        id: &'static str,
        name: &'static str,
        line: &'static [u8],
        kind: &'static str,
        go: &'static str,
    ) -> Row {
        Row::new(id, name, line, Expect::Refused { kind, go })
    }

    const fn new(id: &'static str, name: &'static str, line: &'static [u8], expect: Expect) -> Row {
        let bind = Bind::Tcp("127.0.0.1");
        Row {
            id,
            name,
            expect,
            line,
            bind,
            then: Then::Stays,
            pieces: 1,
            pause_ms: 0,
            late_ms: 0,
            padded_to: 0,
        }
    }

    /// Written in so many pieces with a pause between them.
    pub const fn pieces(mut self, pieces: usize, pause_ms: u64) -> Row {
        self.pieces = pieces;
        self.pause_ms = pause_ms;
        self
    }

    /// Written so late.
    pub const fn late(mut self, ms: u64) -> Row {
        self.late_ms = ms;
        self
    }

    /// The plugin listens on this IP address.
    pub const fn on(mut self, ip: &'static str) -> Row {
        self.bind = Bind::Tcp(ip);
        self
    }

    /// The plugin listens on this socket.
    pub const fn on_socket(mut self, path: &'static str) -> Row {
        self.bind = Bind::Unix(path);
        self
    }

    /// Stdout is closed after the line.
    pub const fn closes_stdout(mut self) -> Row {
        self.then = Then::ClosesStdout;
        self
    }

    /// The line, its end not counted, is filled up with `x` to this length.
    pub const fn padded_to(mut self, length: usize) -> Row {
        self.padded_to = length;
        self
    }

    /// Whether this machine has the address that the plugin listens on.
    pub fn is_possible(&self) -> bool {
        match self.bind {
            Bind::Tcp(ip) => TcpListener::bind((ip, 0)).is_ok(),
            Bind::Unix(_) => true,
        }
    }

    /// The line as printable ASCII, shortened.
    pub fn escaped(&self) -> String {
        let text = self.line.escape_ascii().to_string();
        let text = if text.len() > 120 {
            format!("{}…", &text[..120])
        } else {
            text
        };
        if self.padded_to > 0 {
            format!("{text} filled up to {} bytes", self.padded_to)
        } else {
            text
        }
    }

    /// The bytes up to the first line feed.
    pub fn first_line(&self) -> &'static [u8] {
        self.line
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default()
    }

    /// The script of the fake that writes the line; `case` is the case's folder.
    pub fn script(&self, case: &Path) -> Script {
        let listen = match self.bind {
            Bind::Tcp(ip) => Listen {
                network: Network::Tcp,
                bind: Some(ip.to_owned()),
                leave_file: false,
            },
            Bind::Unix(path) => {
                let path = path.replace(FOLDER, &case.display().to_string());
                Listen {
                    network: Network::Unix,
                    bind: Some(path),
                    leave_file: false,
                }
            }
        };
        let mut script = Script::new()
            .step(Step::Listen(listen))
            .serve(Serve::good());
        if self.late_ms > 0 {
            script = script.sleep(self.late_ms);
        }
        let script = script.step(Step::Write(self.write(case)));
        match self.then {
            Then::Stays => script.hang(),
            Then::ClosesStdout => script.step(Step::Close { fd: Stream::Stdout }).hang(),
        }
    }

    fn write(&self, case: &Path) -> Write {
        let write = Write {
            pieces: self.pieces,
            pause_ms: self.pause_ms,
            ..Write::default()
        };
        match std::str::from_utf8(self.line) {
            Ok(text) => {
                let mut text = text.replace(FOLDER, &case.display().to_string());
                if self.padded_to > 0 {
                    let line = text.trim_end_matches('\n').len();
                    let end = text.split_off(line);
                    text.push_str(&"x".repeat(self.padded_to.saturating_sub(line)));
                    text.push_str(&end);
                }
                Write {
                    text: Some(text),
                    ..write
                }
            }
            Err(_) => {
                let digits = self.line.iter().map(|byte| format!("{byte:02x}")).collect();
                Write {
                    hex: Some(digits),
                    ..write
                }
            }
        }
    }
}

/// Writes rows by requirement: `runs "name": "line"`, or `refused "name": b"line" => "word", GO`; each with settings behind semicolons.
macro_rules! rows {
    ($($id:literal {
        $($how:ident $name:literal: $line:literal $(=> $kind:literal, $go:expr)? $(; $setting:ident($($argument:literal),*))*,)+
    })+) => {
        &[$($(Row::$how($id, $name, $line $(, $kind, $go)?)$(.$setting($($argument),*))*),+),+]
    };
}

pub(super) use rows;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(row: Row) -> String {
        row.write(Path::new("/c")).text.unwrap()
    }

    #[test]
    fn a_line_is_filled_up_before_its_end() {
        assert_eq!(
            text(Row::runs("HS-013", "", "1|{case}|\n").padded_to(8)),
            "1|/c|xxx\n"
        );
        assert_eq!(text(Row::runs("HS-013", "", "1|").padded_to(4)), "1|xx");
    }

    #[test]
    fn bytes_that_are_no_text_are_written_as_digits() {
        let row = Row::refused("HS-006", "", b"\xff|1", "k", "");
        assert_eq!(row.write(Path::new("/c")).hex.as_deref(), Some("ff7c31"));
        assert_eq!(row.escaped(), "\\xff|1");
    }
}

//! Who listens on a port of this machine, and who is connected to one, as Linux tells it; elsewhere nothing is known.

use std::net::IpAddr;

use plugin_proto::dial::Target;

/// A listener on the announced port that takes connections from other machines, if the system tells.
pub fn wider_listener(target: &Target) -> Option<String> {
    let Target::Tcp(address) = target else {
        return None;
    };
    let port = address.rsplit_once(':')?.1.parse::<u16>().ok()?;
    listeners(port)
        .into_iter()
        .find(|ip| !ip.is_loopback())
        .map(|ip| format!("it listens on {ip}, port {port}"))
}

/// How many connections to a port somebody still holds, the other end being there or not.
pub fn held_connections(port: u16) -> usize {
    rows().iter().filter(|row| is_held(row, port)).count()
}

/// The addresses on which something listens at a port, as Linux tells them.
fn listeners(port: u16) -> Vec<IpAddr> {
    rows()
        .iter()
        .filter_map(|row| listener(row, port))
        .collect()
}

/// What Linux has of TCP.
fn rows() -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|table| std::fs::read_to_string(table).unwrap_or_default());
    tables
        .iter()
        .flat_map(|table| table.lines().skip(1))
        .map(str::to_owned)
        .collect()
}

/// Whether a row is the caller's end of a connection to the port: one that stands, or whose other end has been closed.
fn is_held(row: &str, port: u16) -> bool {
    let mut columns = row.split_ascii_whitespace().skip(2);
    let (Some(remote), Some(state)) = (columns.next(), columns.next()) else {
        return false;
    };
    let remote_port = remote
        .split_once(':')
        .and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
    remote_port == Some(port) && matches!(state, "01" | "08")
}

/// A row's local address, if it listens at the port: `sl local_address rem_address st …`, the address in the machine's byte order.
fn listener(row: &str, port: u16) -> Option<IpAddr> {
    let mut columns = row.split_ascii_whitespace().skip(1);
    let (address, local_port) = columns.next()?.split_once(':')?;
    let listens = columns.nth(1)? == "0A";
    if !listens || u16::from_str_radix(local_port, 16).ok()? != port {
        return None;
    }
    let words: Vec<[u8; 4]> = (0..address.len() / 8)
        .map(|at| u32::from_str_radix(&address[at * 8..at * 8 + 8], 16).map(u32::to_ne_bytes))
        .collect::<Result<_, _>>()
        .ok()?;
    match words.concat().as_slice() {
        [a, b, c, d] => Some(IpAddr::from([*a, *b, *c, *d])),
        wide => <[u8; 16]>::try_from(wide)
            .ok()
            .map(|wide| std::net::Ipv6Addr::from(wide).to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_kernel_are_read() {
        let row = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1";
        assert_eq!(listener(row, 8080), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(listener(row, 8081), None);
        let held = |state: &str| format!("   2: 0100007F:C000 0100007F:1F90 {state} 0");
        assert!(is_held(&held("01"), 8080) && is_held(&held("08"), 8080));
        assert!(!is_held(&held("09"), 8080) && !is_held(&held("01"), 8081));
        assert!(!is_held(row, 8080));
        let wide = "   1: 00000000000000000000000000000000:1F90 0:0 0A 0";
        assert_eq!(listener(wide, 8080), Some(IpAddr::from([0u8; 16])));
    }
}

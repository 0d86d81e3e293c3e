//! As much of HTTP/1.1 as a browser on the same machine needs: requests without a body, answers of known length,
//! connections that stay open.

use std::io::{self, BufRead, BufReader, Read, Write};

/// The longest request head, in bytes.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// The most headers in a request.
const MAX_HEADERS: usize = 64;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// In capitals, as sent.
    pub(super) method: String,
    /// Path and query, as sent.
    pub(super) target: String,
    /// Whether the connection ends with the answer.
    pub(super) close: bool,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header; `name` in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// What comes next on a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A request.
    Request(Request),
    /// Nothing more: the browser has closed the connection.
    End,
    /// Something else than HTTP, or more of it than is taken; the status to answer with.
    Malformed(u16),
}

/// Reads the next request. What follows its head stays in `reader`.
pub(super) fn read_request(reader: &mut BufReader<impl Read>) -> io::Result<Next> {
    let mut head = Vec::new();
    loop {
        // By lines, because nothing behind the head may be taken.
        let limit = (MAX_HEAD_BYTES + 1).saturating_sub(head.len());
        let limit = u64::try_from(limit).map_err(io::Error::other)?;
        let before = head.len();
        reader.by_ref().take(limit).read_until(b'\n', &mut head)?;
        if head.len() > MAX_HEAD_BYTES {
            return Ok(Next::Malformed(431));
        }
        if head.len() == before {
            return Ok(if head.is_empty() { Next::End } else { Next::Malformed(400) });
        }
        if matches!(&head[before..], b"\r\n" | b"\n") && before > 0 {
            break;
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    if !parsed.parse(&head).is_ok_and(|status| status.is_complete()) {
        return Ok(Next::Malformed(400));
    }
    let headers: Vec<(String, String)> = parsed
        .headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).trim().to_owned()))
        .collect();
    let named = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.to_lowercase());
    // A body would be read as the next request.
    let has_body = named("content-length").is_some_and(|length| length != "0") || named("transfer-encoding").is_some();
    let says_close = named("connection").is_some_and(|value| value.split(',').any(|word| word.trim() == "close"));
    let close = has_body || says_close || parsed.version == Some(0);
    let method = parsed.method.unwrap_or_default().to_owned();
    let target = parsed.path.unwrap_or_default().to_owned();
    Ok(Next::Request(Request { method, target, close, headers }))
}

/// Writes the head of an answer.
pub(super) fn write_head(
    writer: &mut impl Write,
    status: u16,
    headers: &[(&str, String)],
    body_bytes: u64,
    close: bool,
) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        431 => "Request Header Fields Too Large",
        _ => "",
    };
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
    for (name, value) in headers {
        head.extend([*name, ": ", value.as_str(), "\r\n"]);
    }
    // An answer of 304 has no body, and a length would be that of the file it stands for.
    if status != 304 {
        head.extend(["Content-Length: ", &body_bytes.to_string(), "\r\n"]);
    }
    head.push_str(if close { "Connection: close\r\n\r\n" } else { "\r\n" });
    writer.write_all(head.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Next {
        read_request(&mut BufReader::new(text.as_bytes())).expect("no I/O error")
    }

    #[test]
    fn requests_are_read_one_by_one() {
        let text =
            "GET /a?b HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1 \r\n\r\nHEAD / HTTP/1.1\r\nConnection: Close\r\n\r\n";
        let mut reader = BufReader::new(text.as_bytes());
        let Next::Request(first) = read_request(&mut reader).expect("reads") else { panic!("a request") };
        assert_eq!((first.method.as_str(), first.target.as_str(), first.close), ("GET", "/a?b", false));
        assert_eq!(first.header("range"), Some("bytes=0-1"));
        assert_eq!(first.header("cookie"), None);
        let Next::Request(second) = read_request(&mut reader).expect("reads") else { panic!("a request") };
        assert!(second.method == "HEAD" && second.close);
        assert_eq!(read_request(&mut reader).expect("reads"), Next::End);
    }

    #[test]
    fn what_is_no_request() {
        assert_eq!(read(""), Next::End);
        assert_eq!(read("GET / HTTP/1.1\r\nHost"), Next::Malformed(400));
        assert_eq!(read("\u{16}\u{3}\u{1}\r\n\r\n"), Next::Malformed(400));
        assert_eq!(read(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(MAX_HEAD_BYTES))), Next::Malformed(431));
        assert_eq!(
            read(&format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1))),
            Next::Malformed(400)
        );
    }

    #[test]
    fn a_body_ends_the_connection() {
        for header in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
            let Next::Request(request) = read(&format!("POST / HTTP/1.1\r\n{header}\r\n\r\n")) else {
                panic!("a request")
            };
            assert!(request.close, "{header}");
        }
    }
}

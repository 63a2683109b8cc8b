//! Fuzzing entry point for the parser of a DAV server's answers; see [`crate::fuzz`].

use super::{DavAddress, Href, multistatus};

/// The body of an answer with status 207.
pub fn answers(bytes: &[u8]) {
    let address = DavAddress::at_host("dav.example.com");
    let base = Href::of_path("/caldav/ann/");
    let _ = multistatus::read(
        bytes,
        &mut |response| {
            assert!(response.href.as_str().starts_with('/'));
            let _ = response.properties.len();
        },
        &address,
        &base,
    );
}

//! Entry points for fuzzing what reads the administration API; see [`crate::fuzz`].

use super::rpc;
use crate::network::HttpResponse;

/// The body of an answer to a call: only an object that answers this very call passes.
pub fn calls(bytes: &[u8]) {
    let response = HttpResponse { status: 200, headers: Vec::new(), body: bytes.to_vec() };
    if let Ok(result) = rpc::read("Users.get", 7, response) {
        assert!(result.is_object());
        let _ = rpc::refused_item("Users.get", &result);
        rpc::list(&result, "list").iter().for_each(|user| drop(rpc::text(user, "loginName")));
    }
}

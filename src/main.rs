//! The program: hands its arguments to the library and ends with the code it gives back.

fn main() {}

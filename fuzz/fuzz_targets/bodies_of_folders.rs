#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| kimt::fuzz::bodies_of_folders(octets));

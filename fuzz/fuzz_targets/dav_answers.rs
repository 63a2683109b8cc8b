#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| kimt::fuzz::dav_answers(octets));

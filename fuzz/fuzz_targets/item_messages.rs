#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kimt::fuzz::item_messages(bytes));

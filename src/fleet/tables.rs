//! The tables, all in one schema, so that the database may hold other tables too.
//!
//! Version 1 had only the records. [`ADDED`] adds what each later version needs, in order.

/// The version of the tables. A database with a higher number belongs to a later version of the program.
pub(super) const VERSION: i32 = 4;

/// Lets only one of several processes that start at once create the tables.
pub(super) const ALONE: &str = "SELECT pg_advisory_xact_lock(7310592468)";

/// Lets one process at a time free what others hold. The second statement does not wait.
pub(super) const FREEING: &str = "SELECT pg_advisory_xact_lock(7310592469)";
pub(super) const FREEING_IF_NOBODY_IS: &str = "SELECT pg_try_advisory_xact_lock(7310592469)";

/// The tables of version 1.
pub(super) const FIRST: &str = "
CREATE SCHEMA IF NOT EXISTS kimt;
CREATE TABLE IF NOT EXISTS kimt.store (
    version integer NOT NULL,
    -- Which copy of the data this is: another one took over when these are others.
    system bigint NOT NULL,
    timeline integer NOT NULL,
    -- Nobody takes a mailbox before.
    closed_until timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS kimt.worker (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    until timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS kimt.mailbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL UNIQUE,
    holder bigint,
    token bigint,
    -- Its last holder did not give it back.
    unclean boolean NOT NULL DEFAULT false
);
CREATE INDEX IF NOT EXISTS mailbox_holder ON kimt.mailbox (holder) WHERE holder IS NOT NULL;
CREATE TABLE IF NOT EXISTS kimt.folder (
    mailbox bigint NOT NULL REFERENCES kimt.mailbox (id) ON DELETE CASCADE,
    id bigint NOT NULL,
    head text NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (mailbox, id)
) WITH (fillfactor = 70);
CREATE TABLE IF NOT EXISTS kimt.block (
    mailbox bigint NOT NULL,
    folder bigint NOT NULL,
    number bigint NOT NULL,
    content bytea NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (mailbox, folder, number)
);
-- Digests cannot be compressed.
ALTER TABLE kimt.block ALTER COLUMN content SET STORAGE EXTERNAL;
INSERT INTO kimt.store (version, system, timeline, closed_until)
SELECT 1, s.system_identifier, {TIMELINE}, '-infinity' FROM pg_control_system() s
WHERE NOT EXISTS (SELECT FROM kimt.store);
";

/// What each later version adds, beginning with version 2.
///
/// 2. Fleets. What is sealed can only be read with the fleet's key file.
/// 3. When a job last changed, for watchers; and facts that the machines found.
/// 4. Indexes that find the next due job and a free connection; and when one process last searched for holders without a lease.
pub(super) const ADDED: [&str; 3] = [
    "
ALTER TABLE kimt.worker
    ADD COLUMN fleet bigint,
    ADD COLUMN machine text NOT NULL DEFAULT '',
    -- Whose refused sign-ins count together: what servers see as one client address.
    ADD COLUMN egress text NOT NULL DEFAULT '',
    ADD COLUMN began timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- It is to end after the mailboxes that it has.
    ADD COLUMN drained boolean NOT NULL DEFAULT false;
CREATE TABLE kimt.item (
    mailbox bigint NOT NULL REFERENCES kimt.mailbox (id) ON DELETE CASCADE,
    -- Hashes, and a sealed text: addresses occur in the names of collections.
    collection text NOT NULL,
    key text NOT NULL,
    content text NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (mailbox, collection, key)
);
CREATE TABLE kimt.fleet (
    id bigint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Servers and options, sealed; gone when the fleet is finished.
    setup bytea,
    -- What is to be done: check, migrate, verify; nothing yet.
    task text,
    -- Grows with every task that is begun, so that whoever works on an earlier one notices.
    pass integer NOT NULL DEFAULT 0,
    began timestamptz,
    -- run, pause, stop, cut.
    wish text NOT NULL DEFAULT 'run'
);
CREATE TABLE kimt.wave (
    fleet bigint NOT NULL REFERENCES kimt.fleet (id) ON DELETE CASCADE,
    wave integer NOT NULL,
    -- A complete mailbox is due again after so many seconds, until the cut-over; the pass after that is its last.
    every double precision NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (fleet, wave)
);
CREATE TABLE kimt.job (
    fleet bigint NOT NULL REFERENCES kimt.fleet (id) ON DELETE CASCADE,
    ordinal bigint NOT NULL,
    wave integer NOT NULL,
    -- A keyed hash of the account, so that one account has one job.
    account bytea NOT NULL,
    -- The account with its password, sealed; gone when the fleet is finished.
    sealed bytea,
    -- Bytes, as far as known; the largest begins first.
    size bigint NOT NULL DEFAULT 0,
    task text,
    -- idle, open, done.
    state text NOT NULL DEFAULT 'idle',
    -- How the last work on it ended: complete, incomplete, failed; lost when too many processes vanished over it.
    outcome text,
    due timestamptz NOT NULL DEFAULT '-infinity',
    -- The cut-over has come: this is its last pass, and goes first.
    last boolean NOT NULL DEFAULT false,
    -- How often work on it was begun without an end, and how often its holder vanished since the last step forward.
    tries integer NOT NULL DEFAULT 0,
    losses integer NOT NULL DEFAULT 0,
    holder bigint,
    token bigint,
    -- The token under which it last ended.
    ended_by bigint,
    -- Its state as progress has it, sealed, and when that was reported.
    report bytea,
    reported timestamptz,
    machine text NOT NULL DEFAULT '',
    expected_messages bigint NOT NULL DEFAULT 0,
    expected_bytes bigint NOT NULL DEFAULT 0,
    settled_messages bigint NOT NULL DEFAULT 0,
    settled_bytes bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (fleet, ordinal),
    UNIQUE (fleet, account)
) WITH (fillfactor = 70);
CREATE INDEX job_open ON kimt.job (fleet, last DESC, size DESC, ordinal) WHERE state = 'open' AND holder IS NULL;
CREATE INDEX job_holder ON kimt.job (holder) WHERE holder IS NOT NULL;
CREATE TABLE kimt.slot (
    fleet bigint NOT NULL REFERENCES kimt.fleet (id) ON DELETE CASCADE,
    side text NOT NULL,
    number integer NOT NULL,
    holder bigint,
    token bigint,
    PRIMARY KEY (fleet, side, number)
);
CREATE INDEX slot_holder ON kimt.slot (holder) WHERE holder IS NOT NULL;
CREATE TABLE kimt.refusal (
    fleet bigint NOT NULL REFERENCES kimt.fleet (id) ON DELETE CASCADE,
    side text NOT NULL,
    egress text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX refusal_at ON kimt.refusal (fleet, side, egress, at);
CREATE TABLE kimt.errand (
    fleet bigint NOT NULL REFERENCES kimt.fleet (id) ON DELETE CASCADE,
    -- A keyed hash of what is done once for all machines.
    what bytea NOT NULL,
    done boolean NOT NULL DEFAULT false,
    holder bigint,
    token bigint,
    PRIMARY KEY (fleet, what)
);
CREATE INDEX errand_holder ON kimt.errand (holder) WHERE holder IS NOT NULL;
",
    "
ALTER TABLE kimt.job ADD COLUMN changed timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE TABLE kimt.fact (
    fleet bigint NOT NULL REFERENCES kimt.fleet (id) ON DELETE CASCADE,
    -- A keyed hash of what it is about.
    what bytea NOT NULL,
    -- Sealed.
    content bytea NOT NULL,
    PRIMARY KEY (fleet, what)
);
",
    "
CREATE INDEX job_due ON kimt.job (fleet, due) WHERE state = 'open' AND holder IS NULL;
CREATE INDEX slot_free ON kimt.slot (fleet, side, number) WHERE holder IS NULL;
ALTER TABLE kimt.store ADD COLUMN searched timestamptz NOT NULL DEFAULT '-infinity';
",
];

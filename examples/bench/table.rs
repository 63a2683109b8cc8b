//! The table of results: medians with their spread, and ratios to the floor and to this program.

use super::measure::Measurement;

/// The table as text.
pub fn table(rows: &[(String, Vec<Measurement>)], messages: usize, bytes: usize) -> String {
    let seconds = |measurements: &[Measurement]| median(measurements.iter().map(|one| one.seconds).collect());
    let of = |name: &str| rows.iter().find(|(found, _)| found == name).map(|(_, runs)| seconds(runs));
    let (floor, ours) = (of("floor"), of("kimt-content"));
    let mut text = format!(
        "{:<14} {:>8} {:>15} {:>10} {:>8} {:>9} {:>9} {:>8} {:>9}\n",
        "tool", "seconds", "least..most", "messages/s", "MB/s", "x floor", "x kimt", "CPU s", "memory MB"
    );
    for (name, runs) in rows {
        let middle = seconds(runs);
        let least = runs.iter().map(|one| one.seconds).fold(f64::INFINITY, f64::min);
        let most = runs.iter().map(|one| one.seconds).fold(0.0, f64::max);
        let ratio = |other: Option<f64>| other.map_or("-".to_owned(), |other| format!("{:.2}", middle / other));
        let processor: Option<Vec<f64>> = runs.iter().map(|one| one.processor).collect();
        let memory = runs.iter().filter_map(|one| one.memory).max();
        text.push_str(&format!(
            "{name:<14} {middle:>8.2} {:>15} {:>10.0} {:>8.1} {:>9} {:>9} {:>8} {:>9}\n",
            format!("{least:.2}..{most:.2}"),
            messages as f64 / middle,
            bytes as f64 / 1e6 / middle,
            ratio(floor),
            ratio(ours),
            processor.map_or("-".to_owned(), |all| format!("{:.2}", median(all))),
            memory.map_or("-".to_owned(), |memory| format!("{:.0}", memory as f64 / 1e6)),
        ));
    }
    text
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[length / 2],
        length => f64::midpoint(values[length / 2 - 1], values[length / 2]),
    }
}

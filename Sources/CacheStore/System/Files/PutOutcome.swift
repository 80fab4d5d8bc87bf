/// The outcome of putting a file in place.
package enum PutOutcome: Hashable {
    /// The file was not there.
    case created
    /// Something else was there, and the file replaced it.
    case replaced
    /// The file that was there was right already.
    case untouched
}

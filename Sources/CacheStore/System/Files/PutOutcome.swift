/// What putting a file in place has done.
package enum PutOutcome: Hashable {
    /// It was not there.
    case created
    /// Something else was there.
    case replaced
    /// It was right already.
    case untouched
}

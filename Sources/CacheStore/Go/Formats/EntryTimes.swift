/// The times that a restore gives to the entries of GOCACHE, in seconds since 1970.
enum EntryTimes: Hashable, Sendable {
    /// One time in the future for all entries: see ``BuildCacheLayout/sealTime``.
    case sealed(Int)

    /// The time of a stamp for all entries but those that were used or made within the last day.
    case stamped(RestoreStamp)

    /// The time of an entry that the restore brings.
    var new: Int {
        switch self {
        case .sealed(let time): time
        case .stamped(let stamp): stamp.entryTime
        }
    }

    /// Returns the time that an entry of the archive gets that is there already; `nil` if it keeps its own.
    ///
    /// A stamped cache may have a job that Go has marked the entry for. So the mark stays. An entry without
    /// a mark gets a later time only if it is another day older than the stamp: until then Go does not remove
    /// it, and nearly no mark can fall between the look at the time and its change.
    func change(ofWanted found: Int) -> Int? {
        switch self {
        case .sealed(let time): found < time ? time : nil
        case .stamped(let stamp):
            found < stamp.entryTime - RestoreStamp.age ? stamp.entryTime : change(ofOther: found)
        }
    }

    /// Returns the time that an entry gets that is not in the archive; `nil` if it keeps its own.
    ///
    /// Go would never mark an entry whose time is far in the future, as that of a sealed one is. An early
    /// time stays, so that Go still removes entries that nobody uses.
    func change(ofOther found: Int) -> Int? {
        guard case .stamped(let stamp) = self else { return nil }
        return found > Self.latestUse(stamp) ? stamp.entryTime : nil
    }

    /// Returns the time of an entry that the restore brings in the place of another one, with other content.
    ///
    /// A job may have used or made the other one, or may be writing it, so a mark stays.
    func time(replacing found: Int) -> Int {
        guard case .stamped(let stamp) = self else { return new }
        return (stamp.earliestUse...Self.latestUse(stamp)).contains(found) ? found : new
    }

    /// The latest time that a use may have left: a day ahead, because the clock may have been set back.
    private static func latestUse(_ stamp: RestoreStamp) -> Int { stamp.restoreTime + RestoreStamp.age }
}

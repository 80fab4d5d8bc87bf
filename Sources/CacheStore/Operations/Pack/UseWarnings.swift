import SystemPackage

/// The warnings of a pack of what a job has used: circumstances in which it holds more or less than that.
struct UseWarnings {
    let use: JobUse
    let assembly: PackAssembly
    let caches: GoCaches

    /// The warnings.
    var all: [Warning] {
        let ofModules = use.moduleDoubt == nil ? sumsWarning : modulesWarning
        return [stampWarning, sealWarning, idleWarning, ofModules].compactMap(\.self)
    }

    private static let packed =
        "all of GOCACHE is packed, and the archive grows from job to job"

    /// The warning that a restore left a stamp that tells nothing.
    private var stampWarning: Warning? {
        guard case .unusable(let fault) = use.stamp, let path = caches.buildCache else { return nil }
        let cause =
            switch fault {
            case .damaged: "`\(path.appending(RestoreStamp.name))` is not as a restore writes it"
            case .timesLost:
                "the files of `\(path)` have lost the times that the restore gave them, as in a copy"
            case .clockSetBack: "the clock was set back by a day since the restore"
            }
        let message = "\(cause), so nothing tells which entries were used: \(Self.packed)"
        return Warning(code: .unknownUse, message: message, remedy: .restoreForUse)
    }

    /// The warning that entries have the times of a seal.
    private var sealWarning: Warning? {
        guard assembly.sealed > 0, let path = caches.buildCache else { return nil }
        if case .unusable = use.stamp { return nil }
        let count = assembly.sealed == 1 ? "1 entry" : "\(assembly.sealed) entries"
        let message =
            "\(count) of `\(path)` are sealed, so Go does not mark that it uses them: all of them are "
            + "packed, used or not"
        return Warning(code: .unknownUse, message: message, remedy: .restoreForUse)
    }

    /// The warning that there was a restore, and that nothing was used since.
    private var idleWarning: Warning? {
        guard use.restoreTime != nil, assembly.actionCount == 0, assembly.unused > 0,
            let path = caches.buildCache
        else { return nil }
        let message =
            "no build has used an entry of `\(path)` since the restore, so none is packed, and builds that "
            + "use the archive compile everything: the job has built nothing, or with another GOCACHE, "
            + "or as a user who may not change the files"
        return Warning(code: .nothingUsed, message: message)
    }

    /// The warning that no file tells which modules the job uses.
    private var sumsWarning: Warning? {
        guard use.sumFiles == 0, assembly.unusedModules > 0, let path = caches.moduleCache else { return nil }
        let count = assembly.unusedModules == 1 ? "1 module" : "\(assembly.unusedModules) modules"
        let message =
            "the checkout has no go.sum that names modules, so \(count) of `\(path)` are not packed, and "
            + "builds that need them download them again"
        return Warning(code: .unknownUse, message: message, remedy: .nameCheckout)
    }

    /// The warning that Go does not say which files tell which modules the job uses.
    private var modulesWarning: Warning? {
        guard let doubt = use.moduleDoubt, assembly.unusedModules > 0, let path = caches.moduleCache
        else { return nil }
        let message =
            "only the go.sum files in the checkout and beside the nearest go.mod and go.work tell which "
            + "modules of `\(path)` are used, because Go does not say which files count (\(doubt)): modules "
            + "that others name are not packed, and builds download them again"
        return Warning(code: .unknownUse, message: message)
    }
}

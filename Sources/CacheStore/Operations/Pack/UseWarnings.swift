import SystemPackage

/// The warnings of a pack of what a job has used: circumstances in which it holds more or less than that.
struct UseWarnings {
    let use: JobUse
    let assembly: PackAssembly
    let caches: GoCaches

    /// The warnings.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func all() throws(CacheStoreError) -> [Warning] {
        let modules = try use.moduleDoubt == nil ? sumsWarning() : modulesWarning
        let entries =
            use.log == nil
            ? [stampWarning, sealWarning, ownerWarning, idleWarning] : [foreignWarning, absenceWarning]
        return (entries + [modules, indexWarning(unless: modules)]).compactMap(\.self)
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

    /// The warning that entries belong to other users, so that Go could not mark them.
    private var ownerWarning: Warning? {
        guard assembly.unmarkable > 0, let path = caches.buildCache else { return nil }
        let count =
            assembly.unmarkable == 1
            ? "1 entry of `\(path)` belongs" : "\(assembly.unmarkable) entries of `\(path)` belong"
        let owners = use.entries.unmarkable
        let users = owners.sorted().map(String.init).joined(separator: ", ")
        let owner = owners.count == 1 ? "user \(users)" : "the users \(users)"
        let message =
            "\(count) to \(owner), so Go can't mark for every user who has built or packs here that it uses "
            + "them: all of them are packed, used or not, and the archive grows from job to job"
        return Warning(code: .unknownUse, message: message, remedy: .useOneUser)
    }

    /// The warning that there was a restore, and that nothing was used since.
    private var idleWarning: Warning? {
        guard use.restoreTime != nil, assembly.used == 0, assembly.unused > 0,
            let path = caches.buildCache
        else { return nil }
        let message =
            "no build has used an entry of `\(path)` since the restore, so none is packed, and builds that "
            + "use the archive compile everything: the job has built nothing, or with another GOCACHE, "
            + "or could not change the files, as another user or on a read-only mount"
        return Warning(code: .nothingUsed, message: message)
    }

    // MARK: - Logs

    /// The warning that a part of the logs can't be read.
    private var foreignWarning: Warning? {
        guard let log = use.log, log.foreignLines > 0 else { return nil }
        let lines = log.foreignLines == 1 ? "1 line" : "\(log.foreignLines) lines"
        let message =
            "\(lines) of the logs of used entries can't be read, as if the disk was full: entries that no "
            + "other line names are not packed, and builds that need them compile again"
        return Warning(code: .unknownUse, message: message)
    }

    /// The warning that GOCACHE has none of the entries that the logs name.
    private var absenceWarning: Warning? {
        guard use.log != nil, assembly.used == 0, assembly.unused > 0, let path = caches.buildCache
        else { return nil }
        let message =
            "`\(path)` has none of the entries that the logs name, so none is packed, and builds that use "
            + "the archive compile everything: the job has built with another GOCACHE, or the entries were "
            + "removed since"
        return Warning(code: .nothingUsed, message: message)
    }

    // MARK: - Modules

    /// The number of modules that are not packed, in words.
    private var unusedModules: String {
        assembly.unusedModules == 1 ? "1 module" : "\(assembly.unusedModules) modules"
    }

    /// Returns the warning that no file tells which modules the job uses, although it may need some.
    private func sumsWarning() throws(CacheStoreError) -> Warning? {
        guard use.sumFiles == 0, assembly.unusedModules > 0, let path = caches.moduleCache,
            try CheckoutModules(of: use.checkout).mayNeedOthers
        else { return nil }
        let verb = assembly.unusedModules == 1 ? "is" : "are"
        let message =
            "the checkout has no go.sum that names modules, so \(unusedModules) of `\(path)` \(verb) not "
            + "packed, and builds that need them download them again"
        return Warning(code: .unknownUse, message: message, remedy: .nameCheckout)
    }

    /// Returns the warning that no index tells which modules the job has used that no `go.sum` names.
    private func indexWarning(unless other: Warning?) -> Warning? {
        guard let path = caches.moduleCache else { return nil }
        let cause =
            "`GODEBUG=goindex=0` keeps Go from asking for indexes of modules, so nothing tells of modules "
            + "that no go.sum names, such as a tool's, whether the job has used them"
        if assembly.unknownModules > 0 {
            let count = assembly.unknownModules == 1 ? "1 module" : "\(assembly.unknownModules) modules"
            let message =
                "\(cause): all modules of `\(path)` are packed, \(count) more than a go.sum names, and the "
                + "archive grows from job to job"
            return Warning(code: .unknownUse, message: message, remedy: .useIndexes)
        }
        // Every build that loads a package uses or makes an index: at least those of the standard library.
        guard other == nil, use.restoreTime != nil, assembly.actionCount > 0, !assembly.hasIndexes,
            assembly.unusedModules > 0
        else { return nil }
        let verb = assembly.unusedModules == 1 ? "is" : "are"
        let message =
            "the job has used entries of GOCACHE, but no index of packages, as if `GODEBUG=goindex=0` was "
            + "set for its builds; then nothing tells of modules that no go.sum names, such as a tool's, "
            + "whether the job has used them: \(unusedModules) of `\(path)` \(verb) not packed, and builds "
            + "that need them download them again"
        return Warning(code: .unknownUse, message: message, remedy: .useIndexes)
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

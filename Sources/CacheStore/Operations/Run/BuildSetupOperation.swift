import FoundationEssentials
import Glibc
import SystemPackage

/// One run of a ``BuildSetup``.
struct BuildSetupOperation {
    private let options: BuildSetup.Options
    private let progress: ProgressHandler?

    /// The report as far as the work has come.
    private(set) var report = BuildSetup.Report()

    /// The archives that can be read, with their sources.
    private var archives: [(archive: Archive, sources: [Source])] = []

    /// The Go command, with the variables that the command gets.
    private var go: GoCommand

    /// The environment of the command's builds.
    private var here = GoEnvironment()

    private var caches = GoCaches(buildCache: nil, moduleCache: nil)

    /// Whether Go asks a cache program of another project.
    private var hasOtherProgram = false

    /// The first minor release of Go that asks a cache program.
    private static let firstServedMinor = 24

    init(_ options: BuildSetup.Options, _ progress: ProgressHandler?) {
        self.options = options
        self.progress = progress
        go = options.go
        go.directory = options.directory
    }

    /// Does all of the work.
    mutating func run(_ references: [any ArchiveReference]) async throws {
        try await open(references)
        report.hasArchives = !archives.isEmpty
        try await settle()
        try await restoreModules()
        if let minor = GoRelease.minor(of: here["GOVERSION"]), minor < Self.firstServedMinor {
            try await restoreEntries()
        } else {
            try nameProgram()
        }
    }

    /// Opens the archives, checks their indexes, and reads their sources.
    ///
    /// All of an index is read. So what the command needs of an archive does not decide whether that is
    /// refused.
    private mutating func open(_ references: [any ArchiveReference]) async throws {
        var paths: Set<FilePath> = []
        for reference in references where paths.insert(reference.archivePath).inserted {
            do {
                let archive = try reference.open()
                _ = try Self.word(for: archive)
                archives.append((archive, try await archive.summary().sources))
            } catch let error as CacheStoreError {
                if options.isStrict { throw error }
                leaveOut(reference.archivePath, error)
            }
        }
    }

    private mutating func leaveOut(_ path: FilePath, _ error: CacheStoreError) {
        let message = "an archive can't be used, so builds download and compile what it has: \(error.summary)"
        report.warnings.append(Warning(code: .unservedArchive, message: message, remedy: error.remedy))
        archives.removeAll { $0.archive.path == path }
    }

    /// Finds the settings of the command's builds: its own, and those of the archives' jobs where it has
    /// none.
    private mutating func settle() async throws {
        let own = try await go.variables(["GOCACHE", "GOCACHEPROG", "GOFLAGS", "GOMODCACHE"])
        if own["GOFLAGS", default: ""].allSatisfy({ $0 == " " }), let flags = common("GOFLAGS"),
            !flags.isEmpty
        {
            if GoFlags.areHarmless(flags) {
                set("GOFLAGS", flags)
            } else {
                warn(
                    ofUntaken: "GOFLAGS",
                    flags,
                    "such flags can make Go run a program, or read or write a file"
                )
            }
        }
        let isUnset = ProcessInfo.processInfo.environment["GOMODCACHE", default: ""].isEmpty
        // With -trimpath, no key has the path.
        let flags = report.variables["GOFLAGS"] ?? own["GOFLAGS"] ?? ""
        if isUnset, !GoFlags(flags).isOn("trimpath"), let path = common("GOMODCACHE"),
            !path.isEmpty, path != own["GOMODCACHE"]
        {
            if isUsable(path) {
                set("GOMODCACHE", path)
            } else {
                warn(
                    ofUntaken: "GOMODCACHE",
                    path,
                    "others can write there, or this user can't, or it holds other files"
                )
            }
        }
        here = try await go.environment()
        report.warnings += Compatibility.warnings(for: archives.flatMap(\.sources), restoredTo: here)
        let program = own["GOCACHEPROG"] ?? ""
        hasOtherProgram = !program.isEmpty && !CacheProgramSetting(program).usesBuildCache
        caches = GoCaches(
            buildCache: own["GOCACHE"].flatMap(Self.directory),
            moduleCache: (report.variables["GOMODCACHE"] ?? own["GOMODCACHE"]).flatMap(Self.directory)
        )
    }

    /// Returns an absolute path; Go may also answer `off` or nothing.
    private static func directory(_ text: String) -> FilePath? {
        text.hasPrefix("/") ? FilePath(text) : nil
    }

    private mutating func warn(ofUntaken name: String, _ value: String, _ reason: String) {
        let message =
            "the jobs' \(name), `\(value)`, is not taken over, because \(reason): builds compile again what "
            + "depends on it"
        report.warnings.append(Warning(code: .untakenSetting, message: message))
    }

    private mutating func set(_ name: String, _ value: String) {
        report.variables[name] = value
        go.overrides[name] = value
    }

    /// Returns the value that a variable had in all jobs, or `nil` if they differ or have not recorded it.
    private func common(_ name: String) -> String? {
        let values = Set(archives.flatMap(\.sources).map { $0.environment.variables[name] ?? "" })
        return values.count == 1 ? values.first : nil
    }

    /// Returns whether a directory can be GOMODCACHE here.
    ///
    /// Go believes what stands in GOMODCACHE. So only this user may be able to write there, or to make the
    /// directory. One with content, but without downloads of modules, is something else, such as `/usr`.
    private func isUsable(_ path: String) -> Bool {
        guard path.hasPrefix("/") else { return false }
        let moduleCache = FilePath(path).lexicallyNormalized()
        var place = moduleCache
        do throws(CacheStoreError) {
            while case .nothing = try Place(at: place), place.removeLastComponent() {}
            guard case .directory = try Place(at: place) else { return false }
            let directory = try Directory(opening: place)
            guard let status = try directory.status(of: "."), status.owner == geteuid() else { return false }
            if place == moduleCache, try directory.status(of: "cache/download") == nil,
                try !directory.names().valid.isEmpty
            {
                return false
            }
            return status.mode & 0o002 == 0 && status.mode & 0o200 != 0
                && FileManager.default.isWritableFile(atPath: place.string)
        } catch {
            // The directory may be in the home of another user.
            return false
        }
    }

    // MARK: - Modules

    private mutating func restoreModules() async throws {
        guard let moduleCache = caches.moduleCache, !archives.isEmpty else { return }
        let others = [caches.buildCache, moduleCache, FilePath(here["GOROOT"])].compactMap(\.self)
        var anywhere = go
        anywhere.directory = nil
        let needed: NamedModules
        do {
            needed = try await NamedModules(
                neededIn: options.moduleDirectories,
                asking: anywhere,
                apartFrom: others
            )
        } catch let error as CacheStoreError where error.code == .badArgument {
            // There is no module here, so the command needs none, or finds its modules in another directory.
            return
        }
        report.neededModules = needed.modules.count
        var missing = try await missing(of: needed)
        for (archive, _) in archives where !missing.isEmpty {
            do {
                guard try await Self.hasSome(of: missing, archive) else { continue }
                var restore = restore
                restore.options.modules = missing
                let caches = GoCaches(buildCache: nil, moduleCache: moduleCache)
                let result = try await restore.run(archive, into: caches, progress: progress)
                let absent = result.absentModules ?? missing
                report.restoredModules += missing.modules.count - absent.modules.count
                report.bytesWritten += result.bytesWritten
                report.warnings += result.leftOut.map { $0.warning(in: archive.path) }
                missing = absent
            } catch let error as CacheStoreError where !options.isStrict && error.isOf(archive) {
                leaveOut(archive.path, error)
            }
        }
        report.absentModules = missing.modules.count
        report.warnings += needed.warnings
    }

    /// Returns whether an archive may have some of the modules, without reading the rest of its index.
    ///
    /// The index is not checked. A restore checks it.
    private static func hasSome(of modules: NamedModules, _ archive: Archive) async throws -> Bool {
        try await WorkerThreads.perform {
            do {
                let lookup = try IndexLookup(archive)
                for module in modules.zips {
                    if try lookup.tree(module) != nil || lookup.download(module, .zip) != nil { return true }
                }
                for module in modules.modFiles where try lookup.download(module, .mod) != nil { return true }
                return false
            } catch let error as SQLiteError {
                throw IndexSchema.unreadable(error, path: archive.path)
            }
        }
    }

    /// Returns the modules that GOMODCACHE does not have.
    private func missing(of needed: NamedModules) async throws -> NamedModules {
        guard let path = caches.moduleCache else { return needed }
        return try await WorkerThreads.perform {
            guard case .directory = try Place(at: path) else { return needed }
            return try ModuleCachePresence(path).absent(of: needed)
        }
    }

    private var restore: Restore {
        var options = Restore.Options()
        options.profile = .ci
        options.leavesTreesWritable = here.leavesTreesWritable
        options.skipsDamaged = !self.options.isStrict
        options.warnsOfMisses = false
        options.jobs = self.options.jobs
        return Restore(options: options)
    }

    // MARK: - Entries

    /// Restores the entries that were packed with the Go of the command.
    private mutating func restoreEntries() async throws {
        guard let buildCache = caches.buildCache else { return }
        report.restoredEntries = 0
        for (archive, sources) in archives {
            let names = ["GOVERSION", "GOOS", "GOARCH"]
            let labels = sources.filter { source in names.allSatisfy { source.environment[$0] == here[$0] } }
            guard !labels.isEmpty else { continue }
            var restore = restore
            restore.options.only = labels.map(\.label)
            do {
                let caches = GoCaches(buildCache: buildCache, moduleCache: nil)
                let result = try await restore.run(archive, into: caches, progress: progress)
                let actions = result.actions
                report.restoredEntries? += actions.created + actions.replaced + actions.untouched
                report.bytesWritten += result.bytesWritten
                report.warnings += result.leftOut.map { $0.warning(in: archive.path) }
            } catch let error as CacheStoreError where !options.isStrict && error.isOf(archive) {
                leaveOut(archive.path, error)
            }
        }
    }

    /// Makes Go ask the cache program, unless it asks one already.
    private mutating func nameProgram() throws(CacheStoreError) {
        guard !archives.isEmpty else { return }
        if hasOtherProgram {
            let message =
                "`GOCACHEPROG` is set, so Go asks that program for packages, and not these archives; "
                + "unset it to use them"
            report.warnings.append(Warning(code: .cacheProgram, message: message))
            return
        }
        var words = options.program.compactMap { QuotedWords.quoted($0) }
        guard words.count == options.program.count else {
            throw Self.unquoted(options.program.joined(separator: " "))
        }
        for (archive, _) in archives { words.append(try Self.word(for: archive)) }
        report.variables["GOCACHEPROG"] = words.joined(separator: " ")
    }

    /// Returns the word for an archive in GOCACHEPROG.
    private static func word(for archive: Archive) throws(CacheStoreError) -> String {
        let isRemote = archive.frames.file.remote != nil
        let path = isRemote ? archive.path.shown : archive.path.absolute.string
        guard let word = QuotedWords.quoted(path) else { throw unquoted(path) }
        return word
    }

    private static func unquoted(_ path: String) -> CacheStoreError {
        let message = "GOCACHEPROG can't name a path with blanks and both kinds of quotes"
        return CacheStoreError(.badArgument, message, path: FilePath(path))
    }
}

extension CacheStoreError {
    /// Returns whether the error tells of an archive that can't be used, and not of the machine or of a wrong
    /// module.
    ///
    /// A server may fail at any time. What else the machine refuses names no address.
    fileprivate func isOf(_ archive: Archive) -> Bool {
        if [.notAnArchive, .corruptArchive, .unsupportedVersion, .unsafePath].contains(code) { return true }
        guard archive.remoteFigures != nil else { return false }
        return [.network, .accessDenied, .notFound].contains(code) || remedy == .readAgain
            || remedy == .chooseScratch
    }
}

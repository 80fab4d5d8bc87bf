import ArgumentParser
import CacheStore
import FoundationEssentials
import SystemPackage

/// The options that choose which of Go's two caches a command works on, and their directories.
struct CacheDirectories: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The build cache. (default: $GOCACHE, else as `go env` says)",
            valueName: "dir"
        ),
        completion: .directory
    )
    var gocache: String?

    @Option(
        help: ArgumentHelp(
            "The module cache. (default: $GOMODCACHE, else as `go env` says)",
            valueName: "dir"
        ),
        completion: .directory
    )
    var gomodcache: String?

    @Flag(name: .customLong("no-gocache"), help: "Leave the build cache out.")
    var leavesOutBuildCache = false

    @Flag(name: .customLong("no-gomodcache"), help: "Leave the module cache out.")
    var leavesOutModuleCache = false

    @Option(help: ArgumentHelp("The Go command to ask. (default: go)", valueName: "path"))
    var go: String?

    /// Refuses options that contradict each other.
    ///
    /// - Throws: `ValidationError`.
    func validate() throws {
        if gocache != nil, leavesOutBuildCache {
            throw ValidationError("`--gocache` and `--no-gocache` contradict each other")
        }
        if gomodcache != nil, leavesOutModuleCache {
            throw ValidationError("`--gomodcache` and `--no-gomodcache` contradict each other")
        }
        if leavesOutBuildCache, leavesOutModuleCache {
            throw ValidationError("`--no-gocache` and `--no-gomodcache` together leave nothing")
        }
        if gocache == "" { throw ValidationError("`--gocache` is empty") }
        if gomodcache == "" { throw ValidationError("`--gomodcache` is empty") }
        if go == "" { throw ValidationError("`--go` is empty") }
    }

    /// The Go command that names the directories.
    var goCommand: GoCommand { GoCommand(path: go ?? "go") }

    /// Finds the directories of the caches.
    ///
    /// - Parameter asksGo: Whether the Go command may be asked.
    /// - Returns: Two absolute paths, with `nil` for a cache that is left out.
    /// - Throws: ``AdvisedError`` of code `badArgument` or `goCommand`.
    func resolve(askingGo asksGo: Bool) async throws -> GoCaches {
        let environment = ProcessInfo.processInfo.environment
        let build = try CacheLocation(
            .buildCache,
            option: gocache,
            isLeftOut: leavesOutBuildCache,
            environment: environment
        )
        let module = try CacheLocation(
            .moduleCache,
            option: gomodcache,
            isLeftOut: leavesOutModuleCache,
            environment: environment
        )
        let unknown = [(CacheVariable.buildCache, build), (.moduleCache, module)]
            .filter { $0.1 == .asGoSays }
            .map(\.0)
        let answers = unknown.isEmpty ? [:] : try await answers(for: unknown, askingGo: asksGo)
        return GoCaches(
            buildCache: try build.path(.buildCache, answers: answers, environment: environment),
            moduleCache: try module.path(.moduleCache, answers: answers, environment: environment)
        )
    }

    /// Returns the directory that the command line names for a cache, or `nil` if it names none.
    func option(_ variable: CacheVariable) -> String? { variable == .buildCache ? gocache : gomodcache }

    private func answers(for variables: [CacheVariable], askingGo: Bool) async throws -> [String: String] {
        let names = variables.map(\.rawValue)
        let options = variables.map { "`\($0.option) DIR`" }.joined(separator: " and ")
        guard askingGo else {
            let subject = names.map { "`$\($0)`" }.joined(separator: " and ")
            let verb = names.count == 1 ? "is" : "are"
            throw AdvisedError(.badArgument, "\(subject) \(verb) not set", advice: "pass \(options)")
        }
        let advice = "pass \(options), or name the Go command with `--go PATH`"
        return try await asking(advice: advice) { [goCommand] in try await goCommand.variables(names) }
    }

    /// Asks the Go command a question, and gives advice if the command can't be run.
    ///
    /// - Parameters:
    ///   - advice: The advice if the Go command can't be run.
    ///   - adviceWhereGoFails: The advice if Go itself says why it fails, if it differs.
    ///   - question: A function that runs the Go command.
    /// - Returns: The answer of `question`.
    /// - Throws: ``AdvisedError`` with the advice, or ``Interruption`` if a signal stopped the Go command.
    func asking<Answer: Sendable>(
        advice: String,
        adviceWhereGoFails: String? = nil,
        _ question: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer {
        try await GoQuestion.asking(
            advice: advice,
            adviceWhereGoFails: adviceWhereGoFails,
            consequence: "nothing was written",
            question
        )
    }
}

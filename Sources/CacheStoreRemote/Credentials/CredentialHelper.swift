import CacheStore
import FoundationEssentials
import SystemPackage

/// A program `docker-credential-NAME` that keeps credentials, for example in the keyring of a desktop.
///
/// Source: docker/docker-credential-helpers, `credentials/credentials.go`.
enum CredentialHelper {
    /// The answer of a helper.
    private struct Answer: Decodable {
        var username: String
        var secret: String

        enum CodingKeys: String, CodingKey {
            case username = "Username"
            case secret = "Secret"
        }
    }

    /// The time in which a helper must answer: it may ask a server in its turn.
    private static let limit: Duration = .seconds(30)

    /// The maximum length of an answer, in bytes.
    private static let longest = 1 << 20

    /// Asks a helper for the credential of a server.
    ///
    /// - Parameters:
    ///   - name: The name of the helper, without `docker-credential-`.
    ///   - server: The server, as the file with the helper's name names it.
    ///   - limit: The time in which the helper must answer.
    /// - Returns: The credential; `nil` if the helper has none. `fault` says in words why the helper gave no
    ///   answer, without anything that it wrote.
    /// - Throws: `CancellationError`.
    static func credential(
        _ name: String,
        _ server: String,
        limit: Duration = limit
    ) async throws -> (credential: Credential?, fault: String?) {
        let isPlain = name.utf8.allSatisfy { WebAddress.isLetterOrDigit($0) || "-_.".utf8.contains($0) }
        let input = Array(server.utf8)
        guard isPlain, !name.isEmpty, input.count <= Subprocess.longestInput else {
            return (nil, "the name of a credential helper is none")
        }
        let program = "docker-credential-\(name)"
        let result: Subprocess.Result
        do {
            result = try await Subprocess.run(
                program,
                ["get"],
                input: input,
                limit: limit,
                longestOutput: longest
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch Errno.timedOut {
            return (nil, "`\(program)` has not answered in \(limit.components.seconds) s")
        } catch Errno.fileTooLarge {
            return (nil, "`\(program)` gave no answer that can be read")
        } catch {
            return (nil, "`\(program)` can't be run (\(error))")
        }
        guard result.status == 0 else {
            let words = String(decoding: result.output.prefix(200), as: UTF8.self)
            if words.contains("credentials not found") { return (nil, nil) }
            return (nil, "`\(program)` ended with status \(result.status)")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(result.output)) else {
            return (nil, "`\(program)` gave no answer that can be read")
        }
        if answer.secret.isEmpty { return (nil, nil) }
        if answer.username == "<token>" { return (.identityToken(Secret(answer.secret)), nil) }
        return (.password(user: answer.username, Secret(answer.secret)), nil)
    }
}

import Testing

@testable import CacheStoreRemote

@Suite struct HeaderTests {
    @Test func challengesAreParsed() {
        let challenges = Challenge.parse([
            #"Bearer realm="https://a.example/t",service="reg \"x\"", scope="repository:a/b:pull,push""#,
            "Negotiate, basic realm=plain , charset = UTF-8",
        ])
        #expect(challenges.map(\.scheme) == ["bearer", "negotiate", "basic"])
        #expect(challenges[0].parameters["service"] == #"reg "x""#)
        #expect(challenges[0].parameters["scope"] == "repository:a/b:pull,push")
        #expect(challenges[2].parameters == ["realm": "plain", "charset": "UTF-8"])
        for odd in ["", "=", "\"", "Bearer realm=\"open", ",,", "Bearer ="] { _ = Challenge.parse([odd]) }
    }

    @Test func waitsAreSecondsOrDates() {
        #expect(RetryAfter.wait("7") == .seconds(7))
        #expect(RetryAfter.wait("-7") == nil)
        #expect(RetryAfter.wait("soon") == nil)
        #expect(RetryAfter.seconds(ofDate: "Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(RetryAfter.seconds(ofDate: "Thu, 29 Feb 2024 23:59:59 GMT") == 1_709_251_199)
        #expect(RetryAfter.seconds(ofDate: "Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_770) == .seconds(7))
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:49:37 GMT", now: 884_111_770) == .zero)
        for odd in [
            "Sun, 06 Nov 1994 08:49 GMT", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
        ] {
            #expect(RetryAfter.seconds(ofDate: odd) == nil)
        }
    }

    @Test func contentRangesAreParsed() {
        #expect(ContentRange("bytes 0-0/10")?.range == 0..<1)
        #expect(ContentRange("bytes 0-0/10")?.total == 10)
        #expect(ContentRange("bytes 2-4/*")?.range == 2..<5)
        #expect(ContentRange("bytes */10")?.total == 10)
        for odd in [
            nil, "", "bytes", "bytes 4-2/10", "bytes a-b/10", "bytes 0-0/-1",
            "bytes 0-99999999999999999999/1",
            "items 0-0/10", "bytes 0-0", "bytes +1-2/3",
        ] {
            #expect(ContentRange(odd) == nil, "\(odd ?? "nil")")
        }
    }

    @Test func proxiesAreThoseOfTheEnvironment() throws {
        let address = try WebAddress("https://registry.example:5000/x")
        func proxy(_ environment: [String: String]) -> WebProxy? { WebProxy(for: address, environment) }
        #expect(proxy([:]) == nil)
        #expect(proxy(["HTTPS_PROXY": "http://proxy:3128"])?.port == 3128)
        #expect(proxy(["https_proxy": "proxy"])?.host == "proxy")
        #expect(proxy(["HTTP_PROXY": "proxy"]) == nil)
        #expect(proxy(["HTTPS_PROXY": "socks5://proxy"])?.isSocks == true)
        let named = proxy(["HTTPS_PROXY": "http://user:s3%40cret@proxy"])
        #expect(named?.credentials?.value == "user:s3@cret")
        #expect(!String(reflecting: named).contains("s3"))
        for list in ["*", "example", ".example", "a, registry.example", "registry.example:5000", "*.example"]
        {
            #expect(proxy(["HTTPS_PROXY": "proxy", "NO_PROXY": list]) == nil, "\(list)")
        }
        for list in ["ample", "registry.example:443", "other.example", ""] {
            #expect(proxy(["HTTPS_PROXY": "proxy", "NO_PROXY": list]) != nil, "\(list)")
        }
        #expect(WebProxy(for: try WebAddress("https://localhost/"), ["HTTPS_PROXY": "proxy"]) == nil)
        let plain = try WebAddress("http://h/")
        #expect(WebProxy(for: plain, ["HTTP_PROXY": "proxy"]) != nil)
        #expect(WebProxy(for: plain, ["HTTP_PROXY": "proxy", "REQUEST_METHOD": "GET"]) == nil)
    }

    @Test func aSecretIsNeverShown() {
        let secret = Secret("s3cr3t")
        var dumped = ""
        dump([secret: secret], to: &dumped)
        dump(Credential.password(user: "u", secret), to: &dumped)
        dump(WebRequest(address: (try? WebAddress("https://h/"))!, authorization: secret), to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("s3cr3t"))
    }
}

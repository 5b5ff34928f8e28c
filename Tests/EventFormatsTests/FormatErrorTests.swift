import EventFormats
import Testing

@Suite struct FormatErrorTests {
  private func message(_ text: String, _ options: FormatOptions = FormatOptions()) -> String {
    do {
      _ = try plan(text, options, name: "events.log")
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func timeNotFound() {
    #expect(
      message("{\"when\":\"2026-01-01T00:00:00Z\",\"user\":\"u\",\"a\":{\"b\":1}}\n") == """
        events.log: no field with the time of an event was found; did you mean time=when?
        Fields here: when, user, a.b
        Name it with --fields time=when
        """)
    #expect(
      message("a,user\nx,u\ny,v\n") == """
        events.log: no field with the time of an event was found
        Fields here: a, user
        Name it with --fields time=FIELD
        """)
  }

  @Test func userNotFound() {
    #expect(
      message("time,usre_id,url\n2026-01-01,u,x\n2026-01-01,u,x\n") == """
        events.log: no field with the user was found; did you mean user=usre_id?
        Fields here: time, usre_id, url
        Name it with --fields user=usre_id
        """)
    #expect(
      message("{\"time\":\"2026-01-01\",\"shopVisitorKey\":1}\n") == """
        events.log: no field with the user was found; did you mean user=shopVisitorKey?
        Fields here: time, shopVisitorKey
        Name it with --fields user=shopVisitorKey
        """)
  }

  @Test func fieldsThatAreNotThere() {
    let text = "{\"time\":\"2026-01-01\",\"userid\":\"u\"}\n"
    #expect(
      message(text, FormatOptions(fields: [.user: "user_idd"])) == """
        events.log: --fields user=user_idd: there is no such field; did you mean user=userid?
        Fields here: time, userid
        """)
    #expect(
      message(text, FormatOptions(fields: [.time: "userid"])) == """
        events.log: the values of userid, such as "u", are in no time format known here; known are ISO 8601, Unix \
        times (--time-format seconds|milliseconds|microseconds|nanoseconds|iso8601|clf) and the access logs' own
        """)
    #expect(
      message("time,user\n2026-01-01,u\n", FormatOptions(fields: [.user: "7"]))
        == "events.log: --fields user=7: there are only 2 columns")
    #expect(
      message("1389052815,u1,x\n1389052816,u2,y\n") == """
        events.log: its first line does not name the columns: 1=1389052815, 2=u1, 3=x
        Name the time and the user by number, for example --fields time=1,user=2
        """)
    let log = "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1\n"
    #expect(
      message(log, FormatOptions(fields: [.user: "ip"])) == """
        events.log: --fields user=…: the fields of an access log are fixed by its format; leave the option out, or \
        name another --format
        """)
  }

  @Test func foreignFiles() {
    #expect(message("") == "events.log: the input is empty; nothing to learn its format from")
    #expect(message(" \n\n") == "events.log: the input is empty; nothing to learn its format from")
    #expect(
      message("[\n {\"a\":1}]")
        == "events.log: this is a JSON array; one object a line is wanted: jq -c '.[]' events.log | …")
    #expect(
      message("{\n \"a\": 1\n}\n")
        == "events.log: this is JSON, but not one object a line; "
        + "put each event on a line of its own: jq -c . events.log | …"
    )
    #expect(
      message("PK\u{3}\u{4}xx\n") == "events.log: this is a zip archive; unpack it first: unzip -p events.log | …")
    #expect(message("ab\u{0}\n") == "events.log: this is a binary file; text with one event a line is wanted")
    #expect(
      message("hello there\nworld\n") == """
        events.log: the format was not recognised; its first line is
          hello there
        Known are NDJSON, CSV, TSV, and Common and Combined access logs; name one with --format \
        ndjson|csv|tsv|combined|common
        """)
    #expect(
      message("hello\n", FormatOptions(format: .ndjson)) == """
        events.log: none of its first 1 lines is a JSON object; is it another --format (ndjson, csv, tsv, \
        combined, common)?
        """)
    #expect(
      message("hello\n", FormatOptions(format: .tsv)) == """
        events.log: its lines do not split into columns at tabs; is it another --format (ndjson, csv, tsv, \
        combined, common)?
        """)
  }

  @Test(arguments: [
    (
      "usr=x",
      "--fields: \"usr\" is not a role (time, user, item, event, url, referrer, user-agent, value); "
        + "did you mean user=x?"
    ),
    ("colour=x", "--fields: \"colour\" is not a role (time, user, item, event, url, referrer, user-agent, value)"),
    ("user", "--fields: \"user\" is not of the form role=field; for example --fields user=visitor_id"),
    ("user=", "--fields: user= names no field"), ("user=a,user=b", "--fields: user is given twice"),
  ])
  func fieldsOption(text: String, message: String) {
    #expect(throws: FormatError(.badOption, message)) { try parseFieldsOption(text) }
  }
}

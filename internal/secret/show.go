package secret

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// hidden stands where a secret was.
const hidden = "(hidden)"

// A text is shown up to so many bytes: its start and its end.
const (
	shownStart = 12 << 10
	shownEnd   = 2 << 10
	// redactedMost bounds what secrets are looked for in.
	redactedMost = 64 << 10
)

// Show returns a text that people may see: no credentials of addresses, no values
// of queries that may be secret, no tokens that are known by their form, no
// character that a terminal obeys, no line that a CI runner takes for a command,
// and no more than some thousand bytes.
func Show(text string) string {
	whole := len(text)
	if whole > redactedMost { // what is cut is not at the edges of what is shown
		text = text[:redactedMost/2] + text[whole-redactedMost/2:]
	}
	if text = Redact(text); len(text) > shownStart+shownEnd {
		left := max(whole, len(text)) - shownStart - shownEnd
		text = fmt.Sprintf("%s … (%d bytes are left out) … %s", text[:shownStart], left, text[len(text)-shownEnd:])
	}
	return quoteControls(text)
}

var (
	// user info of an address with a scheme, such as https://user:word@host or
	// git+https://token@host. A blank, a quote or a slash ends it. One slash is
	// what cleaning a path leaves of two; some write them the other way round.
	userInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*:[/\\]{1,4})([^\s/\\?#"'<>` + "`" + `]*)@`)
	// user info whose password has characters that ought to be escaped, a slash or a
	// blank: what stands where a port would is no number.
	rawUserInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*:[/\\]{1,4})([^\s/\\:@?#"'<>\[\]]+:[^\s/\\@"'<>]*[^\s/\\@"'<>0-9:][^\s"'<>]*(?: [^\s"'<>@]+)?)@`)
	// user info of an address whose scheme was forgotten, user:word@host.name, or
	// the end of one, as an error of a parser quotes it.
	bareUserInfo = regexp.MustCompile(`(^|[\s"'(=\[<,/])([^\s/:@"'()=\[\]<>,]*)(?::|%(?:25)*3[Aa])([^\s/"'<>]+?)(?:@|%(?:25)*40)([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b|localhost\b|\d{1,3}(?:\.\d{1,3}){3}\b|\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9-]+:\d+\b|[A-Za-z0-9.-]*[^\x20-\x7e\s])`)
	// a token in front of a host, as in the name of an image: token@host.name:5000/a.
	bareToken = regexp.MustCompile(`(^|[\s"'(=\[<,/])([^\s/:@"'()=\[\]<>,]{6,})@((?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}|localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?/)`)
	// user info of an address that is escaped, once or more often, to stand within
	// another: https%3A%2F%2Fuser%3Aword%40host, https%253A%252F%252Fuser%2540host.
	escapedUserInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*(?::|%(?:25)*3[Aa])(?:\\?/|%(?:25)*2[Ff]){1,2})([^\s/\\?#"'<>` + "`" + `]*?)(@|%(?:25)*40)`)
	// where an escaped address starts: its scheme, at the end of a text.
	escapedStart = regexp.MustCompile(`(?::|%(?:25)*3[Aa])(?:%(?:25)*2[Ff]){1,2}$`)
	escapedSlash = regexp.MustCompile(`%(?:25)*2[Ff]`)
	// a part of a query or a fragment: ?name=value, &name=value, #name=value.
	queryPart = regexp.MustCompile(`([?&;#])([^=&;\s"'<>#]+)=([^&;\s"'<>#]+)`)
	// tokens of GitHub, GitLab, npm, PyPI, Slack and Docker Hub, and signed ones
	// (RFC 7519), as their issuers document their form.
	tokens = regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{32,}|xox[a-z]-[A-Za-z0-9-]{10,}|dckr_pat_[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)`)
	// the value of an Authorization header (RFC 9110, 11.6.2).
	authorization = regexp.MustCompile(`(?i)\b(Bearer|Basic)(\s+)([A-Za-z0-9._~+/=-]{8,})`)
	// npm's settings of credentials, as they are written in .npmrc.
	npmSetting = regexp.MustCompile(`(?i)(_authToken|_auth|_password)(\s*=\s*)([^\s"']+)`)
	// lines that GitHub and Azure take for commands in the output of a step.
	runnerCommand = regexp.MustCompile(`(?m)^([ \t]*)(::|##\[)`)
)

// Redact returns the text without what is secret by its form.
func Redact(text string) string {
	if strings.Contains(text, "@") {
		text = userInfo.ReplaceAllStringFunc(text, func(found string) string {
			m := userInfo.FindStringSubmatch(found)
			if !isAccount(m[2]) {
				return found
			}
			return m[1] + hidden + "@"
		})
		text = rawUserInfo.ReplaceAllString(text, "${1}"+hidden+"@")
	}
	if strings.ContainsAny(text, "@%") {
		text = bareUserInfo.ReplaceAllString(text, "${1}"+hidden+"@${4}")
		text = bareToken.ReplaceAllString(text, "${1}"+hidden+"@${3}")
	}
	if strings.Contains(text, "%") {
		text = escapedUserInfo.ReplaceAllStringFunc(text, func(found string) string {
			m := escapedUserInfo.FindStringSubmatch(found)
			before, account := escapedAccount(m)
			if account == "" {
				return found
			}
			return before + hidden + m[3]
		})
	}
	if strings.ContainsAny(text, "?&;#") {
		text = queryPart.ReplaceAllStringFunc(text, func(found string) string {
			m := queryPart.FindStringSubmatch(found)
			if NamesSecret(m[2]) || m[1] != "#" && Query(m[2], m[3]) { // #sha256= is none
				return m[1] + m[2] + "=" + hidden
			}
			return found
		})
	}
	text = tokens.ReplaceAllString(text, hidden)
	text = npmSetting.ReplaceAllString(text, "${1}${2}"+hidden)
	return authorization.ReplaceAllStringFunc(text, func(found string) string {
		m := authorization.FindStringSubmatch(found)
		if strings.Trim(m[3], "abcdefghijklmnopqrstuvwxyz") == "" {
			return found // "basic settings"
		}
		return m[1] + m[2] + hidden
	})
}

// HoldsAccount reports whether a text holds an address with a user or a password.
func HoldsAccount(text string) bool {
	return rawUserInfo.MatchString(text) || slices.ContainsFunc(userInfo.FindAllStringSubmatch(text, -1), func(m []string) bool { return isAccount(m[2]) }) ||
		strings.Contains(text, "%") && slices.ContainsFunc(escapedUserInfo.FindAllStringSubmatch(text, -1), func(m []string) bool {
			_, account := escapedAccount(m)
			return account != ""
		})
}

// escapedAccount returns what escapedUserInfo found: the text before the account, and
// the account, which is "" where there is none, as in https%3A%2F%2Fhost%2F%40scope.
func escapedAccount(m []string) (before, account string) {
	before, account = m[1], m[2]
	slashes := escapedSlash.FindAllStringIndex(account, -1)
	if len(slashes) > 0 && escapedSlash.MatchString(m[1]) {
		// A path, but for one that another address starts in.
		last := slashes[len(slashes)-1][1]
		if before, account = before+account[:last], account[last:]; !escapedStart.MatchString(before) {
			return before, ""
		}
	}
	if !isAccount(account) {
		return before, ""
	}
	return before, account
}

// isAccount reports whether the user info of an address may be secret: the user of
// ssh, git, is not.
func isAccount(userInfo string) bool {
	return userInfo != "git" && userInfo != hidden && userInfo != "" && !isPlaceholder(userInfo)
}

// isPlaceholder reports whether a text is a variable that stands for its value.
func isPlaceholder(text string) bool {
	return strings.HasPrefix(text, "${") && strings.HasSuffix(text, "}") && strings.Count(text, "{") == 1
}

// quoteControls writes characters that a terminal obeys, or that change the order
// of what is read, as Go does: \x1b. Line breaks and tabs stay.
func quoteControls(text string) string {
	if strings.IndexFunc(text, obeyed) >= 0 || !utf8.ValidString(text) {
		var b strings.Builder
		for i, r := range text {
			switch {
			case r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
				fmt.Fprintf(&b, `\x%02x`, text[i])
			case obeyed(r) && r < 0x80:
				fmt.Fprintf(&b, `\x%02x`, r)
			case obeyed(r):
				fmt.Fprintf(&b, `\u%04x`, r)
			default:
				b.WriteRune(r)
			}
		}
		text = b.String()
	}
	return runnerCommand.ReplaceAllString(text, `${1}\${2}`)
}

// obeyed reports whether a character is a control character (C0, C1) other than a
// line break or a tab, or one that marks lines or directions (Unicode Bidirectional
// Algorithm, section 2).
func obeyed(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r <= 0x9f:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		return true
	}
	return false
}

package secret

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

const canary = "CANARYsecret42"

// TestShowHidesSecretsByTheirForm gives each form in the middle of a sentence,
// in which nobody said that it is one.
func TestShowHidesSecretsByTheirForm(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`fetching "https://user:` + canary + `@pypi.example.com/simple/": it answered 401`,
		`the dependency "x" is git+https://` + canary + `@github.com/acme/x.git`,
		`ssh://` + canary + `:x@host/path cannot be read`,
		`reading user:` + canary + `@registry.example.com/image:1: the scheme is missing`,
		`the image "robot:` + canary + `@registry.example.com/app:1" is malformed`,
		`expected one of ==, at ":` + canary + `@registry.example.com/x"`,
		`https://bucket.s3.amazonaws.com/a.whl?X-Amz-Signature=` + canary + `&x=1 answered 403`,
		`https://host/a?private_token=` + canary,
		`GET https://host/a with Authorization: Bearer ` + canary + ` failed`,
		`//registry.example.com/:_authToken=` + canary,
		`{"url":"https:\/\/user:` + canary + `@host\/x"}`,
		`user:` + canary + `@127.0.0.1:5000/simple/ is not a file`,
		`https:/user:` + canary + `@host/simple is not a file`,
		`https://host/to/https%3A%2F%2Fuser%3A` + canary + `%40other%2Fsimple answered 404`,
		`https://host/?to=https%253a%252f%252f` + canary + `%2540other`,
		`https%3A%2F%2Fhost%2Fsimple%3Dhttps%3A%2F%2Fuser%3A` + canary + `%40other is within`,
		`https://host/https:%2F%2Fuser:` + canary + `@other`,
		`https://user:` + canary + `%40host/simple has no port`,
		`"x" comes from https://host/a.tgz#token=` + canary,
		`"https:\\user:` + canary + `@host" is no address`,
		`https://user:p/` + canary + `@host/simple is not a file`,
		`https://user:p#` + canary + `@host/simple is not a file`,
		`"https://user:p ` + canary + `@host/simple" is not a file`,
		`"https://user:p?a=` + canary + `@host/simple" is not a file`,
		strings.Repeat("x", shownStart-20) + " https://user:" + canary + strings.Repeat("y", shownEnd) + "@host",
		`could not parse reference: ` + canary + `@registry.example.com:5000/team/x:1`,
		`could not parse reference: u:p@` + canary + `@127.0.0.1:5000/team/x:1`,
		"could not parse reference: u:" + canary + "@ho\u202est/team/x",
		"could not parse reference: u:" + canary + "@bücher.example/team/x",
		`it names the alias "//` + canary + `@127.0.0.1:1/simple/"`,
		`could not parse user%3A` + canary + `%40registry.example.com/team/x:1`,
		`write it as "/user:` + canary + `@registry:5000/app"`,
		"token ghp_" + canary + "abcdefgh was refused",
		"npm_" + canary + canary + canary + " is in the file",
		"eyJhbGciOiJIUzI1NiJ9.eyJ" + canary + ".sig is not a password",
	} {
		if got := Show(text); strings.Contains(got, canary) || strings.Contains(got, canary[:10]) || !strings.Contains(got, hidden) {
			t.Errorf("Show(%q) = %q", text, got)
		}
	}
}

// TestShowLeavesWhatIsNoSecret is read by people all day.
func TestShowLeavesWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`No wheel of "numpy" 2.3.0 runs on python3.11 x86_64`,
		"lodash@4.17.21 and npm:other@1.0.0-beta.2 and @scope/a@2.0.0",
		"https://registry.npmjs.org/lodash/-/lodash-4.17.21.tgz",
		"https://host/https%3A%2F%2Fregistry.npmjs.org%2F%40scope%2Fname answered 404",
		"https://registry.npmjs.org/%40scope%2fname/-/name-1.0.0.tgz",
		"https://host:8443/@scope/name-1.0.0.tgz#sha256=" + strings.Repeat("ab", 32),
		`C:\Users\me\project is not a file`,
		"write it as security@example.com, or lib@1.0.0/index.js, or @scope/name@1.0.0-rc.1",
		"git+ssh://git@github.com/acme/x.git#main",
		"public.ecr.aws/lambda/python:3.12@sha256:0123456789abcdef",
		"https://host/download?file=tool.tar.gz&platform=linux",
		"Set basic settings in the provider block: LAYERBUILD_CACHE_DIR=/tmp/x",
		"Its files:\n\ta.whl: needs glibc 2.28\n  b.whl: is for macOS",
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",
		"requests==2.31.0 --hash=sha256:" + strings.Repeat("ab", 32),
		"write to security@example.com",
		"https://${NPM_TOKEN}@host/",
	} {
		if got := Show(text); got != text {
			t.Errorf("Show(%q) = %q, want it as it is", text, got)
		}
	}
}

func TestShowQuotesWhatATerminalObeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"engines: >=99 \x1b[1A\x1b[2K":         `engines: >=99 \x1b[1A\x1b[2K`,
		"a\n::error::x\nb":                     "a\n\\::error::x\nb",
		"##[group]x":                           `\##[group]x`,
		"one\rtwo\a":                           `one\x0dtwo\x07`,
		"name \u202egnp.exe and \u0085 \ufeff": `name \u202egnp.exe and \u0085 \ufeff`,
		"bad \xff byte":                        `bad \xff byte`,
		"good \ufffd rune":                     "good \ufffd rune",
	} {
		if got := Show(text); got != want {
			t.Errorf("Show(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestShowBoundsWhatItShows(t *testing.T) {
	t.Parallel()
	text := "start " + strings.Repeat("é", 60_000) + " end"
	got := Show(text)
	if len(got) > 20<<10 || !strings.HasPrefix(got, "start") || !strings.HasSuffix(got, "end") || !strings.Contains(got, "bytes are left out") || !utf8.ValidString(got) {
		t.Errorf("%d bytes are shown: %q … %q", len(got), got[:20], got[len(got)-20:])
	}
}

func TestKeeperKnowsValuesByTheirOrigin(t *testing.T) {
	t.Parallel()
	k := &Keeper{}
	k.Learn("NPM_TOKEN", canary)
	k.Learn("", canary+"-longer")
	k.Learn("", "ab")
	text := "http://host/" + canary + "/x and " + canary + "-longer, a cab"
	if got, want := k.Show(text), "http://host/${NPM_TOKEN}/x and (hidden), a cab"; got != want {
		t.Errorf("Show = %q, want %q", got, want)
	}
	if got := k.Conceal(text, "host"); got != text {
		t.Errorf("Conceal = %q: nothing was learnt as a part of an address", got)
	}
	k.LearnPart("NPM_TOKEN", canary, "host")
	if got, want := k.Reveal("http://host/${NPM_TOKEN}/${OTHER}", "host"), "http://host/"+canary+"/${OTHER}"; got != want {
		t.Errorf("Reveal = %q, want %q", got, want)
	}
	if got, want := k.Conceal("http://host/"+canary+"/x", "host"), "http://host/${NPM_TOKEN}/x"; got != want {
		t.Errorf("Conceal = %q, want %q", got, want)
	}
	if got := k.Reveal("http://stranger/${NPM_TOKEN}", "stranger"); strings.Contains(got, canary) {
		t.Errorf("a stranger's address gets the value: %q", got)
	}
	if got := k.Show("\x1b" + canary); got != `\x1b${NPM_TOKEN}` {
		t.Errorf("Show = %q", got)
	}
	if got, want := k.Conceal("http://stranger/"+canary, "stranger"), "http://stranger/${NPM_TOKEN}"; got != want {
		t.Errorf("Conceal = %q, want %q: a secret by its name is kept nowhere", got, want)
	}
	k.LearnPart("REPOSITORY", "python", "host")
	if got, want := k.Conceal("http://stranger/python/", "stranger"), "http://stranger/python/"; got != want {
		t.Errorf("Conceal = %q, want %q", got, want)
	}
	var none *Keeper
	none.Learn("X", canary)
	if none.Conceal(canary, "h") != canary || none.Reveal("${X}", "h") != "${X}" || none.Show("a") != "a" {
		t.Error("a keeper that is not there knows something")
	}
}

func TestPartsOfAddresses(t *testing.T) {
	t.Parallel()
	values := map[string]string{"A": "first-part", "B": "with/slash and", "C": "short", "D": "elsewhere", "E": "host.example"}
	got := Parts("https://host.example:8443/first-part/with/slash%20and/short/simple", values)
	want := []Part{{"A", "first-part", "host.example:8443"}, {"B", "with/slash%20and", "host.example:8443"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestQueryNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"X-Amz-Signature": true, "private_token": true, "_authToken": true, "accessToken": true, "monkey": false, "author": false, "file": false, "Key-Pair-Id": true} {
		if NamesSecret(name) != want {
			t.Errorf("NamesSecret(%q) = %t", name, !want)
		}
	}
	if got := QueryName("https://h/x?a=1&sig=2"); got != "sig" {
		t.Errorf("QueryName = %q, want sig", got)
	}
	if got := QueryName("https://h/x?a=1&b=2"); got != "" {
		t.Errorf("QueryName = %q, want none", got)
	}
}

func TestVariablesThatAreSecrets(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"NPM_TOKEN": true, "AWS_SECRET_ACCESS_KEY": true, "AWS_SESSION_TOKEN": true, "UV_INDEX_ACME_PASSWORD": true, "TF_TOKEN_example_com": true,
		"npm_config_//registry.npmjs.org/:_authToken": true,
		"AWS_ACCESS_KEY_ID":                           false, "AWS_WEB_IDENTITY_TOKEN_FILE": false, "PWD": false, "DESKTOP_SESSION": false, "SSH_AUTH_SOCK": false, "HOME": false, "PIP_INDEX_URL": false,
	} {
		if NamesVariable(name) != want {
			t.Errorf("NamesVariable(%q) = %t", name, !want)
		}
	}
}

// FuzzShow holds that what is shown can be shown: no control character is left,
// and showing it again changes nothing that a reader would see as a secret.
func FuzzShow(f *testing.F) {
	f.Add("https://user:word@host/ \x1b[2K")
	f.Add("a:b@c.de ?token=x")
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		got := Show(text)
		if !utf8.ValidString(got) || strings.IndexFunc(got, obeyed) >= 0 {
			t.Errorf("Show(%q) = %q holds what a terminal obeys", text, got)
		}
		if len(got) > 6*(shownStart+shownEnd)+100 {
			t.Errorf("%d bytes of %d are shown", len(got), len(text))
		}
	})
}

package publish

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// sum is the digest of the zips described here: 00 01 02 … 1f.
func sum() store.Digest {
	var d store.Digest
	for i := range d {
		d[i] = byte(i)
	}
	return d
}

func TestDefaultDescription(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		contents map[string]string
		want     string
		asked    []string
	}{
		"python": {
			contents: map[string]string{"python:requests": "2.31.0", "python:idna": "3.6"},
			want:     "idna 3.6, requests 2.31.0 (sha256 000102030405)",
		},
		"what was asked for first": {
			contents: map[string]string{"python:requests": "2.31.0", "python:idna": "3.6", "python:urllib3": "2.1", "nodejs:uuid": "9.0.0", "files:bin": "0123456789ab (1 file)"},
			asked:    []string{"python:urllib3", "python:requests", "nodejs:uuid"},
			want:     "uuid 9.0.0, requests 2.31.0, urllib3 2.1, idna 3.6, bin (sha256 000102030405)",
		},
		"node": {
			contents: map[string]string{"nodejs:lodash": "4.17.21", "nodejs:@aws-sdk/client-s3": "3.600.0"},
			want:     "@aws-sdk/client-s3 3.600.0, lodash 4.17.21 (sha256 000102030405)",
		},
		"files only": {
			contents: map[string]string{"files:python/shared_utils": "0123456789ab (3 files)"},
			want:     "python/shared_utils (sha256 000102030405)",
		},
		"downloads": {
			contents: map[string]string{"downloads:bin/ffprobe": "0123456789ab", "downloads:bin/ffmpeg": "0123456789ab"},
			want:     "bin/ffmpeg, bin/ffprobe (sha256 000102030405)",
		},
		"all kinds, versions first": {
			contents: map[string]string{
				"files:bin": "0123456789ab (1 file)", "builds:/home/me/build": "0123456789ab (2 files)", "images:alpine:3.20": "sha256:0123456789ab (linux/amd64)",
				"downloads:bin/tool": "0123456789ab", "nodejs:uuid": "9.0.0", "python:idna": "3.7",
			},
			want: "idna 3.7, uuid 9.0.0, alpine:3.20, bin/tool, build, bin (sha256 000102030405)",
		},
		"two versions of one": {
			contents: map[string]string{"python:idna": "3.6, 3.7"},
			want:     "idna 3.6/3.7 (sha256 000102030405)",
		},
		"nothing known": {want: "sha256 000102030405"},
		"a name that is too long": {
			contents: map[string]string{"files:" + strings.Repeat("x", 240): "0123456789ab (1 file)"},
			want:     "sha256 000102030405",
		},
		"the longest that fits": {
			contents: map[string]string{"files:" + strings.Repeat("é", 256-len(" (sha256 000102030405)")): "0123456789ab (1 file)"},
			want:     strings.Repeat("é", 234) + " (sha256 000102030405)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := DefaultDescription(c.contents, c.asked, sum())
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if err := CheckDescription(got); err != nil {
				t.Error(err)
			}
		})
	}
}

// A list of many parts ends with a whole one, and says how many are left out.
func TestLongDescriptionEndsWithAWholeName(t *testing.T) {
	t.Parallel()
	contents := map[string]string{}
	for i := range 100 {
		contents[fmt.Sprintf("python:package-%02d", i)] = fmt.Sprintf("1.%d.0", i)
	}
	const want = "package-00 1.0.0, package-01 1.1.0, package-02 1.2.0, package-03 1.3.0, package-04 1.4.0, package-05 1.5.0, " +
		"package-06 1.6.0, package-07 1.7.0, package-08 1.8.0, package-09 1.9.0, package-10 1.10.0, package-11 1.11.0 and 88 more (sha256 000102030405)"
	got := DefaultDescription(contents, nil, sum())
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if n := utf8.RuneCountInString(got); n > 256 || n < 230 {
		t.Errorf("it has %d characters, want nearly 256", n)
	}
}

func TestParseDescription(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*Described{
		"idna 3.6, requests 2.31.0 (sha256 000102030405)":             {Parts: map[string]string{"idna": "3.6", "requests": "2.31.0"}, SHA256: "000102030405"},
		"@scope/a 1.0.0-rc.1, b 2/3 and 7 more (sha256 00010203040f)": {Parts: map[string]string{"@scope/a": "1.0.0-rc.1", "b": "2/3"}, More: 7, SHA256: "00010203040f"},
		"python/shared utils (sha256 000102030405)":                   {Parts: map[string]string{"python/shared utils": ""}, SHA256: "000102030405"},
		"sha256 000102030405":                                         {Parts: map[string]string{}, SHA256: "000102030405"},
		"":                                                            nil,
		"HTTP and date utilities":                                     nil,
		"idna 3.6 (sha256 0001)":                                      nil,
		"idna 3.6 (sha256 00010203040F)":                              nil,
		"idna 3.6 (sha256 000102030405) and mine":                     nil,
		" (sha256 000102030405)":                                      nil,
		"sha256 000102030405 ":                                        nil,
	} {
		got, ok := ParseDescription(text)
		if ok != (want != nil) {
			t.Errorf("%q: read as a default description: %t, want %t", text, ok, want != nil)
			continue
		}
		if ok && (!maps.Equal(got.Parts, want.Parts) || got.More != want.More || got.SHA256 != want.SHA256) {
			t.Errorf("%q: got %+v, want %+v", text, got, *want)
		}
	}
}

// What is written is read back, whatever a distribution is called.
func FuzzDescription(f *testing.F) {
	f.Add("idna", "3.6", "requests", "2.31.0")
	f.Add("and 7 more", "1", " (sha256 ", "0")
	f.Add(strings.Repeat("ü", 300), "1.0", "", "")
	f.Fuzz(func(t *testing.T, name1, version1, name2, version2 string) {
		defer indextest.Budget(t, len(name1)+len(version1)+len(name2)+len(version2))()
		text := DefaultDescription(map[string]string{"python:" + name1: version1, "nodejs:" + name2: version2}, nil, sum())
		if utf8.RuneCountInString(text) > 256 {
			t.Errorf("%q has more than 256 characters", text)
		}
		ParseDescription(name1) // must not panic
		word := func(s string) bool {
			return s != "" && len(s) < 50 && utf8.ValidString(s) && !strings.ContainsAny(s, " ,()")
		}
		if !word(name1) || !word(name2) || name1 == name2 || !word(version1) || !word(version2) || !digit(version1) || !digit(version2) {
			return
		}
		want := map[string]string{name1: version1, name2: version2}
		if got, ok := ParseDescription(text); !ok || !maps.Equal(got.Parts, want) || got.More != 0 || got.SHA256 != "000102030405" {
			t.Errorf("%q was read as %+v, %t", text, got, ok)
		}
	})
}

func digit(s string) bool { return s[0] >= '0' && s[0] <= '9' }

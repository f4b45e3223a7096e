package leftout

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ own, always bool }{
		".git": {false, true}, "__pycache__": {false, true}, ".DS_Store": {false, true},
		".terraform": {true, true}, "prod.tfvars": {true, true}, "x.tfstate": {true, true},
		"terraform.tfstate.17.backup": {true, true}, ".layerbuild-cache": {true, true}, ".layer-9.tmp": {true, true}, "crash.1.log": {true, true},
		"tfstate": {false, false}, "tfvars.py": {false, false}, "git": {false, false}, ".layers": {false, false}, "crash.logs": {false, false}, "a.lock.info": {false, false},
	} {
		if own, always := Own(name), Always(name); own != want.own || always != want.always {
			t.Errorf("%s: own %t, always %t, want %t, %t", name, own, always, want.own, want.always)
		}
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"version": 4, "terraform_version": "1.11.4", "lineage": "6b1f"}`: true,
		`{"meta":{},"encrypted_data":"aGk=","encryption_version":"v0"}`:    true,
		`{"format_version":"1.2","terraform_version":"1.11.4"}`:            true,
		`{"lineage": "of the Tudors"}`:                                     false,
		`{"format_version":"1.2"}`:                                         false,
		`{"encrypted_data":"aGk="}`:                                        false,
		`["lineage", "terraform_version"]`:                                 false,
		`{"lineage": `:                                                     false,
		"PK\x03\x04 and no zip":                                            false,
		"":                                                                 false,
	} {
		if got := OwnContent([]byte(text), strings.NewReader(text), int64(len(text))); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

package wheel

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestLockEncoding(t *testing.T) {
	t.Parallel()
	digest := store.Sum([]byte("a wheel"))
	both := []string{"python3.11 x86_64", "python3.12 x86_64"}
	lock := Lock{
		Wheels: []Wheel{
			{Name: "idna", Version: "3.20", Filename: "idna-3.20-py3-none-any.whl", URL: "https://files.example/a%2Bb/idna-3.20-py3-none-any.whl", SHA256: digest, Size: 69583, Pure: true, Targets: both},
			{Name: "numpy", Version: "2.2.6", Filename: "numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.whl", URL: "https://files.example/get/1", SHA256: digest, Targets: both[:1]},
		},
		Notes: []string{"the index <x> gives no upload times"},
	}
	const want = `{"wheels":{` +
		`"python3.11 x86_64":["numpy==2.2.6 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 0 https://files.example/get/1 numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.whl"],` +
		`"python3.11 x86_64, python3.12 x86_64":["idna==3.20 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 69583 https://files.example/a%2Bb/idna-3.20-py3-none-any.whl"]},` +
		`"notes":["the index \u003cx\u003e gives no upload times"]}`
	got, err := json.Marshal(lock)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back Lock
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, lock) {
		t.Errorf("got  %+v\nwant %+v", back, lock)
	}
}

func TestLockRefusesGarbage(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "idna", "idna 3.20 x y", "idna==3.20 sha256:12 5 https://x/idna-3.20-py3-none-any.whl",
		"idna==3.20 md5:12 5 https://x/idna-3.20-py3-none-any.whl",
		"idna==3.20 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b many https://x/idna-3.20-py3-none-any.whl",
		"idna==3.20 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 5 https://x/idna.tar.gz",
	} {
		if _, err := parseLocked(line); err == nil {
			t.Errorf("parseLocked(%q) is not an error", line)
		}
	}
}

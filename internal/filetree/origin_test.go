package filetree

import "testing"

func TestOriginsAsMessagesNameThem(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Origin{
		"":                                       {},
		"python:requests 2.31.0":                 {Ecosystem: "python", Name: "requests", Version: "2.31.0"},
		"files[0]":                               {Ecosystem: "files"},
		"downloads[1] (ffmpeg.tar)":              {Ecosystem: "downloads", Element: 1, Name: "ffmpeg.tar"},
		"downloads[2] for arm64 (ffmpeg.tar.xz)": {Ecosystem: "downloads", Element: 2, Target: "arm64", Name: "ffmpeg.tar.xz"},
	} {
		if got := o.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

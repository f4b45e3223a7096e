// Package sts is the stand-in of STS.
package sts

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// STS is the identities and sessions.
type STS struct {
	*wire.State
	sessions map[string]bool // whether a token is still good
}

// New returns the service on a state.
func New(state *wire.State) *STS { return &STS{State: state, sessions: map[string]bool{}} }

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// Route finds the operation of a call in the form that is its body, and what carries
// it out; nil for none.
func (a *STS) Route(c *wire.Request) wire.Handler {
	form, err := url.ParseQuery(string(c.Payload))
	if err != nil {
		return nil
	}
	c.Operation = form.Get("Action")
	switch c.Operation {
	case "GetCallerIdentity":
		return callerIdentity
	case "AssumeRole", "AssumeRoleWithWebIdentity":
		return func(c *wire.Request) wire.Reply {
			return a.assumeRole(c.Operation, form.Get("RoleArn"), form.Get("RoleSessionName"))
		}
	}
	return nil
}

func callerIdentity(c *wire.Request) wire.Reply {
	type result struct {
		Arn, UserId, Account string
	}
	return wire.XML(http.StatusOK, http.Header{}, struct {
		XMLName xml.Name
		Result  result `xml:"GetCallerIdentityResult"`
	}{
		xml.Name{Space: stsNamespace, Local: "GetCallerIdentityResponse"},
		result{"arn:" + wire.PartitionOf(c.Region) + ":iam::" + c.Account() + ":user/test", "AIDATEST", c.Account()},
	})
}

// assumeRole answers credentials whose key names the role, so that the log of
// calls tells who called: role "deploy" gets the key "ASIADEPLOY".
func (a *STS) assumeRole(operation, role, sessionName string) wire.Reply {
	type credentials struct {
		AccessKeyId, SecretAccessKey, SessionToken, Expiration string
	}
	type user struct {
		Arn, AssumedRoleId string
	}
	type result struct {
		XMLName         xml.Name
		Credentials     credentials
		AssumedRoleUser user
	}
	_, name, _ := strings.Cut(role, "role/")
	token := fmt.Sprintf("assumed-token-%s-%d", name, a.Next())
	a.sessions[token] = true
	return wire.XML(http.StatusOK, http.Header{}, struct {
		XMLName xml.Name
		Result  result
	}{
		xml.Name{Space: stsNamespace, Local: operation + "Response"},
		result{
			xml.Name{Local: operation + "Result"},
			credentials{
				"ASIA" + strings.ToUpper(name), "assumed-secret-" + name, token,
				time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
			},
			user{"arn:aws:sts::" + wire.Account + ":assumed-role/" + name + "/" + sessionName, "AROATEST:" + sessionName},
		},
	})
}

// ExpireSessions makes every session token that was given out so far expire at
// once, before the time that its holder was told.
func (a *STS) ExpireSessions() {
	a.Lock()
	defer a.Unlock()
	for token := range a.sessions {
		a.sessions[token] = false
	}
}

// Expired reports whether the call carries a session token that has expired.
func (a *STS) Expired(c *wire.Request) bool {
	live, known := a.sessions[c.Header.Get("X-Amz-Security-Token")]
	return known && !live
}

package lambdatest

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// routeSTS finds the operation in the form that is the body.
func (c *call) routeSTS() handler {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil
	}
	c.operation = form.Get("Action")
	switch c.operation {
	case "GetCallerIdentity":
		return func(_ *AWS, c *call) reply { return c.callerIdentity() }
	case "AssumeRole", "AssumeRoleWithWebIdentity":
		return func(a *AWS, _ *call) reply {
			return a.assumeRole(c.operation, form.Get("RoleArn"), form.Get("RoleSessionName"))
		}
	}
	return nil
}

func (c *call) callerIdentity() reply {
	type result struct {
		Arn, UserId, Account string
	}
	return asXML(http.StatusOK, http.Header{}, struct {
		XMLName xml.Name
		Result  result `xml:"GetCallerIdentityResult"`
	}{
		xml.Name{Space: stsNamespace, Local: "GetCallerIdentityResponse"},
		result{"arn:" + partitionOf(c.region) + ":iam::" + c.account() + ":user/test", "AIDATEST", c.account()},
	})
}

// assumeRole answers credentials whose key names the role, so that the log of
// calls tells who called: role "deploy" gets the key "ASIADEPLOY".
func (a *AWS) assumeRole(operation, role, sessionName string) reply {
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
	token := fmt.Sprintf("assumed-token-%s-%d", name, a.next())
	a.sessions[token] = true
	return asXML(http.StatusOK, http.Header{}, struct {
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
			user{"arn:aws:sts::" + Account + ":assumed-role/" + name + "/" + sessionName, "AROATEST:" + sessionName},
		},
	})
}

// ExpireSessions makes every session token that was given out so far expire at
// once, before the time that its holder was told.
func (a *AWS) ExpireSessions() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for token := range a.sessions {
		a.sessions[token] = false
	}
}

// expired reports whether the call carries a session token that has expired.
func (a *AWS) expired(c *call) bool {
	live, known := a.sessions[c.Header.Get("X-Amz-Security-Token")]
	return known && !live
}

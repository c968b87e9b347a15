package io.pgheal.demo.orgchart;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.ResponseStatus;

@ResponseStatus(HttpStatus.NOT_FOUND)
public class UnknownUser extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public UnknownUser(String username) {
        super("There is no user " + username);
    }
}

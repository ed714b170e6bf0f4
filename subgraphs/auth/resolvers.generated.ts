// Generated from schema/auth.graphql by schema/build.ts. Do not edit: change the source, then run "npm run schema".

import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { User as UserEntity } from './account/user.entity.ts';
import type { Session as SessionEntity } from './session/session.entity.ts';
import type { AuditEvent as AuditEventEntity } from './audit/audit-event.entity.ts';
import type { UserPage as UserPageEntity } from './account/user-list.ts';
import type { AuthContext } from './context.ts';
export type Maybe<T> = T | null | undefined;
export type InputMaybe<T> = T | null;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A moment in UTC, written as ISO 8601 with milliseconds, such as `2026-01-31T09:30:00.000Z`. */
  DateTime: { input: Date; output: Date; }
  /** An opaque place in a list; good for `after` or `before` of the list that gave it out. */
  Cursor: { input: string; output: string; }
  /** An absolute `https:` or `http:` URL of at most 2,048 characters, without a user name or password in it. */
  URL: { input: string; output: string; }
};

/** What is wrong with a mutation's input, for the person who can put it right. */
export type ErrorCode =
  /** The field's value breaks the rule that the message states. */
  | 'BAD_USER_INPUT'
  /** What the input names does not exist. */
  | 'NOT_FOUND'
  /** What the input asks for is not allowed, whoever asks. */
  | 'FORBIDDEN'
  /** Too often; the message says when to try again. */
  | 'RATE_LIMITED'
  /** Another account has this email address. */
  | 'EMAIL_TAKEN'
  /** Another account has this username, or one that differs only in case; or nobody may have it. */
  | 'USERNAME_TAKEN'
  /** The password is too short, too long, or known to be a common one. */
  | 'WEAK_PASSWORD'
  /** The login and the password do not belong together, or the account is suspended. Which of it is never told. */
  | 'INVALID_CREDENTIALS'
  /** The password is right, and the account asks for a second factor: send `totpCode` along. */
  | 'TOTP_REQUIRED'
  /** The code is wrong, has expired, or was used before. */
  | 'INVALID_CODE'
  /** The token is not one that this server gave out, has expired, or was used before. */
  | 'INVALID_TOKEN'
  /** The session was signed out, revoked or has expired: sign in again. */
  | 'SESSION_ENDED'
  /** It would leave the server without an administrator. */
  | 'LAST_ADMIN'
  /** The password is right, and the address must be verified first: `requestEmailVerification` sends a new mail. */
  | 'EMAIL_NOT_VERIFIED';

/** Something in a mutation's input that its sender can put right. */
export type UserError = {
  __typename?: 'UserError';
  /** A stable code to decide on. */
  code: ErrorCode;
  /** A sentence to show. */
  message: Scalars['String']['output'];
  /** The input field at fault, from the mutation's arguments down, such as `["input", "email"]`. */
  path?: Maybe<Array<Scalars['String']['output']>>;
};

/** Where a page lies in its list (GraphQL Cursor Connections Specification). */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** Whether the list goes on after this page. When paging backward: whether the page was read from a cursor. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether the list goes on before this page. When paging forward: whether the page was read from a cursor. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** The first edge's cursor; null on an empty page. */
  startCursor?: Maybe<Scalars['Cursor']['output']>;
  /** The last edge's cursor; null on an empty page. */
  endCursor?: Maybe<Scalars['Cursor']['output']>;
};

/** What a person may do, as a set of permissions with a name. */
export type Role =
  /** Everybody: reads and writes what they are a member of, and may ask the assistant. */
  | 'MEMBER'
  /** Also moderates conversations and messages. */
  | 'MODERATOR'
  /** Holds every permission. */
  | 'ADMIN';

/** One right. An access token's `scope` lists those of its bearer: `USERS_READ` is `users:read` there. */
export type Permission =
  /** List and search all users, with their private fields and sessions. */
  | 'USERS_READ'
  /** Make, change, suspend, restore and delete users, and end their sessions. */
  | 'USERS_WRITE'
  /** Give and take roles. */
  | 'ROLES_WRITE'
  /** Read the audit log. */
  | 'AUDIT_READ'
  /** Introspect anybody's tokens. */
  | 'TOKENS_INTROSPECT'
  /** Moderate conversations one is not an administrator of. */
  | 'CONVERSATIONS_MODERATE'
  /** Delete others' messages. */
  | 'MESSAGES_MODERATE'
  /** Ask the assistant. */
  | 'ASSISTANT_USE';

/** Whether an account can be used. */
export type UserStatus =
  /** It can. */
  | 'ACTIVE'
  /** Nobody can sign in to it, and its sessions were ended. */
  | 'SUSPENDED';

/** A person with an account. */
export type User = {
  __typename?: 'User';
  /** `usr_…`; never changes and is never given to another person. */
  id: Scalars['ID']['output'];
  /** Unique whatever the case; 3 to 32 letters, digits, dots, hyphens and underscores. */
  username: Scalars['String']['output'];
  /** What others see; 1 to 80 characters, not unique. */
  displayName: Scalars['String']['output'];
  /** A picture, as its owner gave the address; null when there is none. */
  avatarUrl?: Maybe<Scalars['URL']['output']>;
  /** When the account was made. */
  createdAt: Scalars['DateTime']['output'];
  /** For the user and for holders of USERS_READ; null to others. */
  email?: Maybe<Scalars['String']['output']>;
  /** Whether somebody has shown that mail to the address reaches them. For the user and for holders of USERS_READ; null to others. */
  emailVerified?: Maybe<Scalars['Boolean']['output']>;
  /** For the user and for holders of USERS_READ; null to others. */
  roles?: Maybe<Array<Role>>;
  /** For the user and for holders of USERS_READ; null to others. */
  status?: Maybe<UserStatus>;
  /** Whether signing in asks for a second factor. For the user and for holders of USERS_READ; null to others. */
  totpEnabled?: Maybe<Scalars['Boolean']['output']>;
  /** The sessions that are open, newest first, at most 100. For the user and for holders of USERS_READ; null to others. */
  sessions?: Maybe<Array<Session>>;
};

/** One signed-in device. */
export type Session = {
  __typename?: 'Session';
  /** `ses_…` */
  id: Scalars['ID']['output'];
  /** When it was opened. */
  createdAt: Scalars['DateTime']['output'];
  /** When it was last opened or refreshed. */
  lastUsedAt: Scalars['DateTime']['output'];
  /** When it ends unless it is refreshed before. */
  expiresAt: Scalars['DateTime']['output'];
  /** What the device said of itself when it signed in. */
  userAgent?: Maybe<Scalars['String']['output']>;
  /** Where it signed in from. */
  ipAddress?: Maybe<Scalars['String']['output']>;
  /** Whether the access token of this request belongs to it. */
  isCurrent: Scalars['Boolean']['output'];
};

/** The two tokens of a session. */
export type Tokens = {
  __typename?: 'Tokens';
  /** A JWT (ES256) for `Authorization: Bearer …`; lives ten minutes unless the server is configured otherwise. */
  accessToken: Scalars['String']['output'];
  /** Opaque; good for one `refreshTokens`, which gives the next. */
  refreshToken: Scalars['String']['output'];
  /** When the access token expires. */
  expiresAt: Scalars['DateTime']['output'];
};

/** A page of users. */
export type UserConnection = {
  __typename?: 'UserConnection';
  /** The users with their places in the list. */
  edges: Array<UserEdge>;
  /** The users alone. */
  nodes: Array<User>;
  /** Where the page lies. */
  pageInfo: PageInfo;
  /** How many users the whole list has; null for `searchUsers`, whose results nobody counts. */
  totalCount?: Maybe<Scalars['Int']['output']>;
};

/** A user in a list. */
export type UserEdge = {
  __typename?: 'UserEdge';
  /** For `after` or `before`. */
  cursor: Scalars['Cursor']['output'];
  /** The user. */
  node: User;
};

/** One entry of the audit log: written in the same transaction as what it tells of, and free of secrets. It changes only when an account is deleted: entries of its requests lose where they came from, and all entries about it their details. */
export type AuditEvent = {
  __typename?: 'AuditEvent';
  /** `aud_…`; ascending in time. */
  id: Scalars['ID']['output'];
  /** What happened, such as `session.opened` or `user.suspended`; docs/security.md lists them. */
  action: Scalars['String']['output'];
  /** Who did it; null when nobody was signed in, when the server itself did it, or when the account was deleted since. */
  actor?: Maybe<User>;
  /** Whom it was done to; null when the account was deleted since. */
  subject?: Maybe<User>;
  /** Where the request came from; null when that is not known, or the account that asked was deleted since. */
  ipAddress?: Maybe<Scalars['String']['output']>;
  /** What the client said of itself; null as `ipAddress` is. */
  userAgent?: Maybe<Scalars['String']['output']>;
  /** When it happened. */
  createdAt: Scalars['DateTime']['output'];
  /** What else is worth knowing, such as the reason of a suspension; null when there is nothing, or either account was deleted since. */
  details?: Maybe<Scalars['String']['output']>;
};

/** A page of the audit log. */
export type AuditEventConnection = {
  __typename?: 'AuditEventConnection';
  /** The entries with their places in the list. */
  edges: Array<AuditEventEdge>;
  /** The entries alone. */
  nodes: Array<AuditEvent>;
  /** Where the page lies. */
  pageInfo: PageInfo;
};

/** An entry in a page of the audit log. */
export type AuditEventEdge = {
  __typename?: 'AuditEventEdge';
  /** For `after`. */
  cursor: Scalars['Cursor']['output'];
  /** The entry. */
  node: AuditEvent;
};

/** What a token is good for, as RFC 7662: of an inactive token nothing else is said. */
export type TokenIntrospection = {
  __typename?: 'TokenIntrospection';
  /** Whether the token is accepted now. A token that the viewer may not introspect is inactive to them. */
  active: Scalars['Boolean']['output'];
  /** Whose it is. */
  userId?: Maybe<Scalars['ID']['output']>;
  /** The session it belongs to. */
  sessionId?: Maybe<Scalars['ID']['output']>;
  /** What it permits, separated by spaces. */
  scope?: Maybe<Scalars['String']['output']>;
  /** When it expires. */
  expiresAt?: Maybe<Scalars['DateTime']['output']>;
};

/** What auth holds about the viewer, at most the newest 1,000 of its sessions and the newest 1,000 of its audit events. */
export type DataExport = {
  __typename?: 'DataExport';
  /** A JSON document: the account, its second factor's dates, its sessions and its audit events, and how many of these at most. No hashes and no secrets. */
  json: Scalars['String']['output'];
  /** When it was put together. */
  createdAt: Scalars['DateTime']['output'];
};

/** Reading people. */
export type Query = {
  __typename?: 'Query';
  /** The signed-in user; null to somebody who is not signed in. */
  me?: Maybe<User>;
  /** A user by id. Errors: UNAUTHENTICATED; NOT_FOUND; BAD_USER_INPUT when `id` is not a user's id. */
  user?: Maybe<User>;
  /** A user by username, whatever the case. Errors: UNAUTHENTICATED; NOT_FOUND. */
  userByUsername?: Maybe<User>;
  /** All users in the order of their accounts' making, for holders of USERS_READ. Errors: UNAUTHENTICATED; FORBIDDEN; BAD_USER_INPUT for a bad page or cursor. */
  users?: Maybe<UserConnection>;
  /** Users whose username begins with `query`, or whose display name has for each word of `query` one that begins with it, by username. In display names only words with two letters or digits side by side are looked for. Errors: UNAUTHENTICATED; BAD_USER_INPUT for a bad query, page or cursor. */
  searchUsers?: Maybe<UserConnection>;
  /** Whether the viewer holds a permission. Errors: UNAUTHENTICATED. */
  can?: Maybe<Scalars['Boolean']['output']>;
  /** What an access or refresh token is good for: one's own, or anybody's for holders of TOKENS_INTROSPECT. Errors: UNAUTHENTICATED. */
  introspectToken?: Maybe<TokenIntrospection>;
  /** The audit log, newest first, for holders of AUDIT_READ. Errors: UNAUTHENTICATED; FORBIDDEN; BAD_USER_INPUT for a bad page, cursor or id. */
  auditEvents?: Maybe<AuditEventConnection>;
  /** What auth holds about the viewer, ten times an hour; of sessions and audit events the newest 1,000 each. Errors: UNAUTHENTICATED; RATE_LIMITED. */
  exportMyData?: Maybe<DataExport>;
};


/** Reading people. */
export type QueryUserArgs = {
  id: Scalars['ID']['input'];
};


/** Reading people. */
export type QueryUserByUsernameArgs = {
  username: Scalars['String']['input'];
};


/** Reading people. */
export type QueryUsersArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['Cursor']['input']>;
  query?: InputMaybe<Scalars['String']['input']>;
  role?: InputMaybe<Role>;
};


/** Reading people. */
export type QuerySearchUsersArgs = {
  query: Scalars['String']['input'];
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Reading people. */
export type QueryCanArgs = {
  permission: Permission;
};


/** Reading people. */
export type QueryIntrospectTokenArgs = {
  token: Scalars['String']['input'];
};


/** Reading people. */
export type QueryAuditEventsArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  userId?: InputMaybe<Scalars['ID']['input']>;
};

/** What a new account needs. */
export type SignUpInput = {
  /** At most 254 characters; unique whatever the case. */
  email: Scalars['String']['input'];
  /** 3 to 32 letters, digits, dots, hyphens and underscores; unique whatever the case. */
  username: Scalars['String']['input'];
  /** 12 to 256 characters after NFKC normalisation; no rules of composition, but no common password. */
  password: Scalars['String']['input'];
  /** 1 to 80 characters; the username when not given. */
  displayName?: InputMaybe<Scalars['String']['input']>;
};

/** Who signs in. */
export type SignInInput = {
  /** The email address or the username. */
  login: Scalars['String']['input'];
  /** The account's password. */
  password: Scalars['String']['input'];
  /** A code of the authenticator app, or a recovery code; needed when the account has a second factor. */
  totpCode?: InputMaybe<Scalars['String']['input']>;
};

/** The session to renew. */
export type RefreshTokensInput = {
  /** The newest refresh token of the session. */
  refreshToken: Scalars['String']['input'];
};

/** The session to end. */
export type RevokeSessionInput = {
  /** `ses_…`, one of the viewer's own. */
  sessionId: Scalars['ID']['input'];
};

/** What to change; what is not given stays. */
export type UpdateProfileInput = {
  /** 1 to 80 characters. */
  displayName?: InputMaybe<Scalars['String']['input']>;
  /** 3 to 32 letters, digits, dots, hyphens and underscores; unique whatever the case. */
  username?: InputMaybe<Scalars['String']['input']>;
  /** The picture's address; null takes it away. */
  avatarUrl?: InputMaybe<Scalars['URL']['input']>;
};

/** The old password and the new. */
export type ChangePasswordInput = {
  /** The password as it is. */
  currentPassword: Scalars['String']['input'];
  /** 12 to 256 characters; not a common password. */
  newPassword: Scalars['String']['input'];
};

/** The proof that it is the account's owner who asks. */
export type DeleteAccountInput = {
  /** The account's password. */
  password: Scalars['String']['input'];
};

/** Whose address to verify. */
export type RequestEmailVerificationInput = {
  /** Needed only when signed out. */
  email?: InputMaybe<Scalars['String']['input']>;
};

/** What the verification mail carried. */
export type VerifyEmailInput = {
  /** The token at the end of the mail's link. */
  token: Scalars['String']['input'];
};

/** Whose password is lost. */
export type RequestPasswordResetInput = {
  /** The account's email address. */
  email: Scalars['String']['input'];
};

/** What the mail carried, and the new password. */
export type ResetPasswordInput = {
  /** The token at the end of the mail's link. */
  token: Scalars['String']['input'];
  /** 12 to 256 characters; not a common password. */
  newPassword: Scalars['String']['input'];
  /** A code of the authenticator app, or a recovery code; needed when the account has a second factor. */
  totpCode?: InputMaybe<Scalars['String']['input']>;
};

/** The proof that the authenticator app has the secret. */
export type ConfirmTotpInput = {
  /** Six digits. */
  code: Scalars['String']['input'];
};

/** The proof that it is the account's owner who asks. */
export type DisableTotpInput = {
  /** The account's password. */
  password: Scalars['String']['input'];
  /** A code of the authenticator app, or a recovery code. */
  code: Scalars['String']['input'];
};

/** What an account made by an administrator needs. */
export type CreateUserInput = {
  /** At most 254 characters; unique whatever the case. */
  email: Scalars['String']['input'];
  /** 3 to 32 letters, digits, dots, hyphens and underscores; unique whatever the case. */
  username: Scalars['String']['input'];
  /** 12 to 256 characters; not a common password. */
  password: Scalars['String']['input'];
  /** 1 to 80 characters; the username when not given. */
  displayName?: InputMaybe<Scalars['String']['input']>;
  /** MEMBER when not given; others need ROLES_WRITE. */
  roles?: InputMaybe<Array<Role>>;
};

/** What to change of somebody's account; what is not given stays. */
export type UpdateUserInput = {
  /** `usr_…` */
  userId: Scalars['ID']['input'];
  /** A new address is not verified until its owner does so. */
  email?: InputMaybe<Scalars['String']['input']>;
  /** 3 to 32 letters, digits, dots, hyphens and underscores; unique whatever the case. */
  username?: InputMaybe<Scalars['String']['input']>;
  /** 1 to 80 characters. */
  displayName?: InputMaybe<Scalars['String']['input']>;
  /** The picture's address; null takes it away. */
  avatarUrl?: InputMaybe<Scalars['URL']['input']>;
};

/** The roles somebody shall have. */
export type SetUserRolesInput = {
  /** `usr_…` */
  userId: Scalars['ID']['input'];
  /** All of them, at least one. */
  roles: Array<Role>;
};

/** Whom to suspend. */
export type SuspendUserInput = {
  /** `usr_…` */
  userId: Scalars['ID']['input'];
  /** For the audit log; at most 500 characters. */
  reason?: InputMaybe<Scalars['String']['input']>;
};

/** Which user. */
export type UserIdInput = {
  /** `usr_…` */
  userId: Scalars['ID']['input'];
};

/** The account and a session for it, or what is wrong. */
export type AuthPayload = {
  __typename?: 'AuthPayload';
  /** Who is signed in now, or signed up; null with a user error. */
  user?: Maybe<User>;
  /** The new session's tokens; null with a user error, and when the address must be verified first. */
  tokens?: Maybe<Tokens>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** The session's next tokens, or what is wrong. */
export type TokensPayload = {
  __typename?: 'TokensPayload';
  /** Null with a user error. */
  tokens?: Maybe<Tokens>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** The account as it is now, or what is wrong. */
export type UserPayload = {
  __typename?: 'UserPayload';
  /** Null with a user error. */
  user?: Maybe<User>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** How signing out went. */
export type SignOutPayload = {
  __typename?: 'SignOutPayload';
  /** True once the session is over. */
  signedOut: Scalars['Boolean']['output'];
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** How ending sessions went. */
export type RevokeSessionsPayload = {
  __typename?: 'RevokeSessionsPayload';
  /** How many sessions were ended. */
  revokedCount: Scalars['Int']['output'];
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** How deleting an account went. */
export type DeleteUserPayload = {
  __typename?: 'DeleteUserPayload';
  /** Whose account is gone; null with a user error. */
  deletedUserId?: Maybe<Scalars['ID']['output']>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** Whether the request was taken. Whether anything is sent is never told. */
export type MailRequestPayload = {
  __typename?: 'MailRequestPayload';
  /** True without a user error, also when there is no such account. */
  accepted: Scalars['Boolean']['output'];
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** What an authenticator app needs to know. Nothing is asked for at sign-in until `confirmTotp`. */
export type BeginTotpPayload = {
  __typename?: 'BeginTotpPayload';
  /** The shared secret in base32 (RFC 4648), for typing in; null with a user error. */
  secret?: Maybe<Scalars['String']['output']>;
  /** The same as an `otpauth:` URL, for a QR code; null with a user error. */
  otpauthUrl?: Maybe<Scalars['String']['output']>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** The codes for the day the authenticator app is lost. */
export type ConfirmTotpPayload = {
  __typename?: 'ConfirmTotpPayload';
  /** Ten codes, each good once in place of a code of the app. Shown this one time; null with a user error. */
  recoveryCodes?: Maybe<Array<Scalars['String']['output']>>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type Mutation = {
  __typename?: 'Mutation';
  /** Makes an account and signs it in; where addresses must be verified it sends a mail and gives no tokens, and then an address that has an account is answered in the same way. Works signed out. User errors: BAD_USER_INPUT, EMAIL_TAKEN, USERNAME_TAKEN, WEAK_PASSWORD. Errors: RATE_LIMITED. */
  signUp?: Maybe<AuthPayload>;
  /** Opens a session. Works signed out. User errors: INVALID_CREDENTIALS, TOTP_REQUIRED, INVALID_CODE, EMAIL_NOT_VERIFIED. Errors: RATE_LIMITED after too many failures of the account or the address. */
  signIn?: Maybe<AuthPayload>;
  /** Gives the session's next tokens; send no access token with it. The same refresh token within ten seconds gives the same successor; an older one ends the session. Works signed out. User errors: INVALID_TOKEN, SESSION_ENDED. */
  refreshTokens?: Maybe<TokensPayload>;
  /** Ends the session that the access token belongs to, everywhere within a second. Errors: UNAUTHENTICATED, also when it was over before. */
  signOut?: Maybe<SignOutPayload>;
  /** Ends one of the viewer's sessions, everywhere within a second. Errors: NOT_FOUND when it is not theirs or over; BAD_USER_INPUT when it is no session's id. */
  revokeSession?: Maybe<RevokeSessionsPayload>;
  /** Ends the viewer's sessions but this one, everywhere within a second. */
  revokeOtherSessions?: Maybe<RevokeSessionsPayload>;
  /** Changes the viewer's profile. User errors: BAD_USER_INPUT, USERNAME_TAKEN. */
  updateProfile?: Maybe<UserPayload>;
  /** Sets a new password and ends the viewer's other sessions. User errors: INVALID_CREDENTIALS, WEAK_PASSWORD. Errors: RATE_LIMITED. */
  changePassword?: Maybe<UserPayload>;
  /** Deletes the viewer's account for good: personal data goes, messages stay without an author. User errors: INVALID_CREDENTIALS, LAST_ADMIN. Errors: RATE_LIMITED. */
  deleteAccount?: Maybe<DeleteUserPayload>;
  /** Sends a mail that verifies the address, if it is not verified yet. Works signed out, with `email`. User errors: BAD_USER_INPUT. Errors: RATE_LIMITED. */
  requestEmailVerification?: Maybe<MailRequestPayload>;
  /** Verifies an address. Works signed out, and signs nobody in. User errors: INVALID_TOKEN; EMAIL_TAKEN and USERNAME_TAKEN when another account took what the sign-up asked for. Errors: RATE_LIMITED. */
  verifyEmail?: Maybe<UserPayload>;
  /** Sends a mail that leads to a new password, if there is such an account. Works signed out. User errors: BAD_USER_INPUT. Errors: RATE_LIMITED. */
  requestPasswordReset?: Maybe<MailRequestPayload>;
  /** Sets a new password and ends all sessions of the account. Works signed out, and signs nobody in. A refused try does not spend the token. User errors: INVALID_TOKEN, WEAK_PASSWORD, TOTP_REQUIRED, INVALID_CODE. Errors: RATE_LIMITED. */
  resetPassword?: Maybe<UserPayload>;
  /** Makes a secret for the viewer's authenticator app; `confirmTotp` puts it in force. User errors: FORBIDDEN while a second factor is in force. */
  beginTotp?: Maybe<BeginTotpPayload>;
  /** Puts the second factor in force. User errors: INVALID_CODE; NOT_FOUND when `beginTotp` was not called, or is in force already. Errors: RATE_LIMITED. */
  confirmTotp?: Maybe<ConfirmTotpPayload>;
  /** Takes the second factor away. User errors: INVALID_CREDENTIALS, INVALID_CODE; NOT_FOUND when there is none. Errors: RATE_LIMITED. */
  disableTotp?: Maybe<UserPayload>;
  /** Makes an account, for holders of USERS_WRITE. User errors: BAD_USER_INPUT, EMAIL_TAKEN, USERNAME_TAKEN, WEAK_PASSWORD. Errors: FORBIDDEN. */
  createUser?: Maybe<UserPayload>;
  /** Changes somebody's account, for holders of USERS_WRITE. User errors: BAD_USER_INPUT, EMAIL_TAKEN, USERNAME_TAKEN. Errors: FORBIDDEN, NOT_FOUND. */
  updateUser?: Maybe<UserPayload>;
  /** Gives somebody exactly these roles, for holders of ROLES_WRITE; their older access tokens are refused within a second, and refreshing gives the new scope. User errors: BAD_USER_INPUT, LAST_ADMIN. Errors: FORBIDDEN, NOT_FOUND. */
  setUserRoles?: Maybe<UserPayload>;
  /** Suspends somebody and ends their sessions, for holders of USERS_WRITE. User errors: BAD_USER_INPUT, LAST_ADMIN. Errors: FORBIDDEN, NOT_FOUND. */
  suspendUser?: Maybe<UserPayload>;
  /** Lets somebody sign in again, for holders of USERS_WRITE. Errors: FORBIDDEN, NOT_FOUND. */
  restoreUser?: Maybe<UserPayload>;
  /** Deletes somebody's account for good, for holders of USERS_WRITE. User errors: LAST_ADMIN. Errors: FORBIDDEN, NOT_FOUND. */
  deleteUser?: Maybe<DeleteUserPayload>;
  /** Ends all sessions of somebody, for holders of USERS_WRITE. Errors: FORBIDDEN, NOT_FOUND. */
  revokeUserSessions?: Maybe<RevokeSessionsPayload>;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationSignUpArgs = {
  input: SignUpInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationSignInArgs = {
  input: SignInInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationRefreshTokensArgs = {
  input: RefreshTokensInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationRevokeSessionArgs = {
  input: RevokeSessionInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationUpdateProfileArgs = {
  input: UpdateProfileInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationChangePasswordArgs = {
  input: ChangePasswordInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationDeleteAccountArgs = {
  input: DeleteAccountInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationRequestEmailVerificationArgs = {
  input: RequestEmailVerificationInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationVerifyEmailArgs = {
  input: VerifyEmailInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationRequestPasswordResetArgs = {
  input: RequestPasswordResetInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationResetPasswordArgs = {
  input: ResetPasswordInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationConfirmTotpArgs = {
  input: ConfirmTotpInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationDisableTotpArgs = {
  input: DisableTotpInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationCreateUserArgs = {
  input: CreateUserInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationUpdateUserArgs = {
  input: UpdateUserInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationSetUserRolesArgs = {
  input: SetUserRolesInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationSuspendUserArgs = {
  input: SuspendUserInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationRestoreUserArgs = {
  input: UserIdInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationDeleteUserArgs = {
  input: UserIdInput;
};


/** Accounts, sessions and their administration. Each takes at most one `input` and answers with what changed and the `userErrors` its sender can put right. All but the ones said to work signed out are refused as UNAUTHENTICATED without a session; too many tries are RATE_LIMITED. */
export type MutationRevokeUserSessionsArgs = {
  input: UserIdInput;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;

export type ReferenceResolver<TResult, TReference, TContext> = (
      reference: TReference,
      context: TContext,
      info: GraphQLResolveInfo
    ) => Promise<TResult> | TResult;

      type ScalarCheck<T, S> = S extends true ? T : NullableCheck<T, S>;
      type NullableCheck<T, S> = Maybe<T> extends T ? Maybe<ListCheck<NonNullable<T>, S>> : ListCheck<T, S>;
      type ListCheck<T, S> = T extends (infer U)[] ? NullableCheck<U, S>[] : GraphQLRecursivePick<T, S>;
      export type GraphQLRecursivePick<T, S> = { [K in keyof T & keyof S]: ScalarCheck<T[K], S[K]> };
    
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, TResult, TContext, TArgs>;
}

export type SubscriptionObject<TResult, _TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

/** Mapping of federation types */
export type FederationTypes = {
  User: User;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  User:
    ( { __typename: 'User' }
    & GraphQLRecursivePick<FederationTypes['User'], {"id":true}> );
};



/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  URL: ResolverTypeWrapper<Scalars['URL']['output']>;
  ErrorCode: ErrorCode;
  UserError: ResolverTypeWrapper<UserError>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Role: Role;
  Permission: Permission;
  UserStatus: UserStatus;
  User: ResolverTypeWrapper<UserEntity>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Session: ResolverTypeWrapper<SessionEntity>;
  Tokens: ResolverTypeWrapper<Tokens>;
  UserConnection: ResolverTypeWrapper<UserPageEntity>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  UserEdge: ResolverTypeWrapper<Omit<UserEdge, 'node'> & { node: ResolversTypes['User'] }>;
  AuditEvent: ResolverTypeWrapper<AuditEventEntity>;
  AuditEventConnection: ResolverTypeWrapper<Omit<AuditEventConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['AuditEventEdge']>, nodes: Array<ResolversTypes['AuditEvent']> }>;
  AuditEventEdge: ResolverTypeWrapper<Omit<AuditEventEdge, 'node'> & { node: ResolversTypes['AuditEvent'] }>;
  TokenIntrospection: ResolverTypeWrapper<TokenIntrospection>;
  DataExport: ResolverTypeWrapper<DataExport>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  SignUpInput: SignUpInput;
  SignInInput: SignInInput;
  RefreshTokensInput: RefreshTokensInput;
  RevokeSessionInput: RevokeSessionInput;
  UpdateProfileInput: UpdateProfileInput;
  ChangePasswordInput: ChangePasswordInput;
  DeleteAccountInput: DeleteAccountInput;
  RequestEmailVerificationInput: RequestEmailVerificationInput;
  VerifyEmailInput: VerifyEmailInput;
  RequestPasswordResetInput: RequestPasswordResetInput;
  ResetPasswordInput: ResetPasswordInput;
  ConfirmTotpInput: ConfirmTotpInput;
  DisableTotpInput: DisableTotpInput;
  CreateUserInput: CreateUserInput;
  UpdateUserInput: UpdateUserInput;
  SetUserRolesInput: SetUserRolesInput;
  SuspendUserInput: SuspendUserInput;
  UserIdInput: UserIdInput;
  AuthPayload: ResolverTypeWrapper<Omit<AuthPayload, 'user'> & { user?: Maybe<ResolversTypes['User']> }>;
  TokensPayload: ResolverTypeWrapper<TokensPayload>;
  UserPayload: ResolverTypeWrapper<Omit<UserPayload, 'user'> & { user?: Maybe<ResolversTypes['User']> }>;
  SignOutPayload: ResolverTypeWrapper<SignOutPayload>;
  RevokeSessionsPayload: ResolverTypeWrapper<RevokeSessionsPayload>;
  DeleteUserPayload: ResolverTypeWrapper<DeleteUserPayload>;
  MailRequestPayload: ResolverTypeWrapper<MailRequestPayload>;
  BeginTotpPayload: ResolverTypeWrapper<BeginTotpPayload>;
  ConfirmTotpPayload: ResolverTypeWrapper<ConfirmTotpPayload>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  DateTime: Scalars['DateTime']['output'];
  Cursor: Scalars['Cursor']['output'];
  URL: Scalars['URL']['output'];
  UserError: UserError;
  String: Scalars['String']['output'];
  PageInfo: PageInfo;
  Boolean: Scalars['Boolean']['output'];
  User: UserEntity;
  ID: Scalars['ID']['output'];
  Session: SessionEntity;
  Tokens: Tokens;
  UserConnection: UserPageEntity;
  Int: Scalars['Int']['output'];
  UserEdge: Omit<UserEdge, 'node'> & { node: ResolversParentTypes['User'] };
  AuditEvent: AuditEventEntity;
  AuditEventConnection: Omit<AuditEventConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['AuditEventEdge']>, nodes: Array<ResolversParentTypes['AuditEvent']> };
  AuditEventEdge: Omit<AuditEventEdge, 'node'> & { node: ResolversParentTypes['AuditEvent'] };
  TokenIntrospection: TokenIntrospection;
  DataExport: DataExport;
  Query: Record<PropertyKey, never>;
  SignUpInput: SignUpInput;
  SignInInput: SignInInput;
  RefreshTokensInput: RefreshTokensInput;
  RevokeSessionInput: RevokeSessionInput;
  UpdateProfileInput: UpdateProfileInput;
  ChangePasswordInput: ChangePasswordInput;
  DeleteAccountInput: DeleteAccountInput;
  RequestEmailVerificationInput: RequestEmailVerificationInput;
  VerifyEmailInput: VerifyEmailInput;
  RequestPasswordResetInput: RequestPasswordResetInput;
  ResetPasswordInput: ResetPasswordInput;
  ConfirmTotpInput: ConfirmTotpInput;
  DisableTotpInput: DisableTotpInput;
  CreateUserInput: CreateUserInput;
  UpdateUserInput: UpdateUserInput;
  SetUserRolesInput: SetUserRolesInput;
  SuspendUserInput: SuspendUserInput;
  UserIdInput: UserIdInput;
  AuthPayload: Omit<AuthPayload, 'user'> & { user?: Maybe<ResolversParentTypes['User']> };
  TokensPayload: TokensPayload;
  UserPayload: Omit<UserPayload, 'user'> & { user?: Maybe<ResolversParentTypes['User']> };
  SignOutPayload: SignOutPayload;
  RevokeSessionsPayload: RevokeSessionsPayload;
  DeleteUserPayload: DeleteUserPayload;
  MailRequestPayload: MailRequestPayload;
  BeginTotpPayload: BeginTotpPayload;
  ConfirmTotpPayload: ConfirmTotpPayload;
  Mutation: Record<PropertyKey, never>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], unknown> {
  name: 'DateTime';
}

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], unknown> {
  name: 'Cursor';
}

export interface UrlScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['URL'], unknown> {
  name: 'URL';
}

export type UserErrorResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['UserError'] = ResolversParentTypes['UserError']> = {
  code?: Resolver<ResolversTypes['ErrorCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  path?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  endCursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
};

export type UserResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['User'] = ResolversParentTypes['User'], FederationReferenceType extends FederationReferenceTypes['User'] = FederationReferenceTypes['User']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['User']> | FederationReferenceType, FederationReferenceType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  username?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  displayName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  avatarUrl?: Resolver<Maybe<ResolversTypes['URL']>, ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  email?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  emailVerified?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  roles?: Resolver<Maybe<Array<ResolversTypes['Role']>>, ParentType, ContextType>;
  status?: Resolver<Maybe<ResolversTypes['UserStatus']>, ParentType, ContextType>;
  totpEnabled?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  sessions?: Resolver<Maybe<Array<ResolversTypes['Session']>>, ParentType, ContextType>;
};

export type SessionResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['Session'] = ResolversParentTypes['Session']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  lastUsedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  userAgent?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  ipAddress?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  isCurrent?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type TokensResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['Tokens'] = ResolversParentTypes['Tokens']> = {
  accessToken?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  refreshToken?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
};

export type UserConnectionResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['UserConnection'] = ResolversParentTypes['UserConnection']> = {
  edges?: Resolver<Array<ResolversTypes['UserEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['User']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
};

export type UserEdgeResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['UserEdge'] = ResolversParentTypes['UserEdge']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type AuditEventResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['AuditEvent'] = ResolversParentTypes['AuditEvent']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  action?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  actor?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  subject?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  ipAddress?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  userAgent?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  details?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type AuditEventConnectionResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['AuditEventConnection'] = ResolversParentTypes['AuditEventConnection']> = {
  edges?: Resolver<Array<ResolversTypes['AuditEventEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['AuditEvent']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type AuditEventEdgeResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['AuditEventEdge'] = ResolversParentTypes['AuditEventEdge']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['AuditEvent'], ParentType, ContextType>;
};

export type TokenIntrospectionResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['TokenIntrospection'] = ResolversParentTypes['TokenIntrospection']> = {
  active?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  userId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  sessionId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  scope?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  expiresAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type DataExportResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['DataExport'] = ResolversParentTypes['DataExport']> = {
  json?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
};

export type QueryResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  me?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  user?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType, RequireFields<QueryUserArgs, 'id'>>;
  userByUsername?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType, RequireFields<QueryUserByUsernameArgs, 'username'>>;
  users?: Resolver<Maybe<ResolversTypes['UserConnection']>, ParentType, ContextType, Partial<QueryUsersArgs>>;
  searchUsers?: Resolver<Maybe<ResolversTypes['UserConnection']>, ParentType, ContextType, RequireFields<QuerySearchUsersArgs, 'query'>>;
  can?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType, RequireFields<QueryCanArgs, 'permission'>>;
  introspectToken?: Resolver<Maybe<ResolversTypes['TokenIntrospection']>, ParentType, ContextType, RequireFields<QueryIntrospectTokenArgs, 'token'>>;
  auditEvents?: Resolver<Maybe<ResolversTypes['AuditEventConnection']>, ParentType, ContextType, Partial<QueryAuditEventsArgs>>;
  exportMyData?: Resolver<Maybe<ResolversTypes['DataExport']>, ParentType, ContextType>;
};

export type AuthPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['AuthPayload'] = ResolversParentTypes['AuthPayload']> = {
  user?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  tokens?: Resolver<Maybe<ResolversTypes['Tokens']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type TokensPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['TokensPayload'] = ResolversParentTypes['TokensPayload']> = {
  tokens?: Resolver<Maybe<ResolversTypes['Tokens']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type UserPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['UserPayload'] = ResolversParentTypes['UserPayload']> = {
  user?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type SignOutPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['SignOutPayload'] = ResolversParentTypes['SignOutPayload']> = {
  signedOut?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type RevokeSessionsPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['RevokeSessionsPayload'] = ResolversParentTypes['RevokeSessionsPayload']> = {
  revokedCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type DeleteUserPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['DeleteUserPayload'] = ResolversParentTypes['DeleteUserPayload']> = {
  deletedUserId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type MailRequestPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['MailRequestPayload'] = ResolversParentTypes['MailRequestPayload']> = {
  accepted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type BeginTotpPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['BeginTotpPayload'] = ResolversParentTypes['BeginTotpPayload']> = {
  secret?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  otpauthUrl?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type ConfirmTotpPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['ConfirmTotpPayload'] = ResolversParentTypes['ConfirmTotpPayload']> = {
  recoveryCodes?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type MutationResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  signUp?: Resolver<Maybe<ResolversTypes['AuthPayload']>, ParentType, ContextType, RequireFields<MutationSignUpArgs, 'input'>>;
  signIn?: Resolver<Maybe<ResolversTypes['AuthPayload']>, ParentType, ContextType, RequireFields<MutationSignInArgs, 'input'>>;
  refreshTokens?: Resolver<Maybe<ResolversTypes['TokensPayload']>, ParentType, ContextType, RequireFields<MutationRefreshTokensArgs, 'input'>>;
  signOut?: Resolver<Maybe<ResolversTypes['SignOutPayload']>, ParentType, ContextType>;
  revokeSession?: Resolver<Maybe<ResolversTypes['RevokeSessionsPayload']>, ParentType, ContextType, RequireFields<MutationRevokeSessionArgs, 'input'>>;
  revokeOtherSessions?: Resolver<Maybe<ResolversTypes['RevokeSessionsPayload']>, ParentType, ContextType>;
  updateProfile?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationUpdateProfileArgs, 'input'>>;
  changePassword?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationChangePasswordArgs, 'input'>>;
  deleteAccount?: Resolver<Maybe<ResolversTypes['DeleteUserPayload']>, ParentType, ContextType, RequireFields<MutationDeleteAccountArgs, 'input'>>;
  requestEmailVerification?: Resolver<Maybe<ResolversTypes['MailRequestPayload']>, ParentType, ContextType, RequireFields<MutationRequestEmailVerificationArgs, 'input'>>;
  verifyEmail?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationVerifyEmailArgs, 'input'>>;
  requestPasswordReset?: Resolver<Maybe<ResolversTypes['MailRequestPayload']>, ParentType, ContextType, RequireFields<MutationRequestPasswordResetArgs, 'input'>>;
  resetPassword?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationResetPasswordArgs, 'input'>>;
  beginTotp?: Resolver<Maybe<ResolversTypes['BeginTotpPayload']>, ParentType, ContextType>;
  confirmTotp?: Resolver<Maybe<ResolversTypes['ConfirmTotpPayload']>, ParentType, ContextType, RequireFields<MutationConfirmTotpArgs, 'input'>>;
  disableTotp?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationDisableTotpArgs, 'input'>>;
  createUser?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationCreateUserArgs, 'input'>>;
  updateUser?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationUpdateUserArgs, 'input'>>;
  setUserRoles?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationSetUserRolesArgs, 'input'>>;
  suspendUser?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationSuspendUserArgs, 'input'>>;
  restoreUser?: Resolver<Maybe<ResolversTypes['UserPayload']>, ParentType, ContextType, RequireFields<MutationRestoreUserArgs, 'input'>>;
  deleteUser?: Resolver<Maybe<ResolversTypes['DeleteUserPayload']>, ParentType, ContextType, RequireFields<MutationDeleteUserArgs, 'input'>>;
  revokeUserSessions?: Resolver<Maybe<ResolversTypes['RevokeSessionsPayload']>, ParentType, ContextType, RequireFields<MutationRevokeUserSessionsArgs, 'input'>>;
};

export type Resolvers<ContextType = AuthContext> = {
  DateTime?: GraphQLScalarType;
  Cursor?: GraphQLScalarType;
  URL?: GraphQLScalarType;
  UserError?: UserErrorResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  User?: UserResolvers<ContextType>;
  Session?: SessionResolvers<ContextType>;
  Tokens?: TokensResolvers<ContextType>;
  UserConnection?: UserConnectionResolvers<ContextType>;
  UserEdge?: UserEdgeResolvers<ContextType>;
  AuditEvent?: AuditEventResolvers<ContextType>;
  AuditEventConnection?: AuditEventConnectionResolvers<ContextType>;
  AuditEventEdge?: AuditEventEdgeResolvers<ContextType>;
  TokenIntrospection?: TokenIntrospectionResolvers<ContextType>;
  DataExport?: DataExportResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  AuthPayload?: AuthPayloadResolvers<ContextType>;
  TokensPayload?: TokensPayloadResolvers<ContextType>;
  UserPayload?: UserPayloadResolvers<ContextType>;
  SignOutPayload?: SignOutPayloadResolvers<ContextType>;
  RevokeSessionsPayload?: RevokeSessionsPayloadResolvers<ContextType>;
  DeleteUserPayload?: DeleteUserPayloadResolvers<ContextType>;
  MailRequestPayload?: MailRequestPayloadResolvers<ContextType>;
  BeginTotpPayload?: BeginTotpPayloadResolvers<ContextType>;
  ConfirmTotpPayload?: ConfirmTotpPayloadResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
};

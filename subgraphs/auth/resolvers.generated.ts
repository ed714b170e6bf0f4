// Generated from schema/auth.graphql by schema/build.ts. Do not edit: change the source, then run "npm run schema".

import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { User as UserEntity } from './account/user.entity.ts';
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
};

/** What is wrong with a mutation's input, for the person who can put it right. */
export type ErrorCode =
  /** The field's value breaks the rule that the message states. */
  | 'BAD_USER_INPUT'
  /** Another account has this email address. */
  | 'EMAIL_TAKEN'
  /** Another account has this username, or one that differs only in case. */
  | 'USERNAME_TAKEN'
  /** The password does not meet the password rules. */
  | 'WEAK_PASSWORD'
  /** The login and the password do not belong together. Which of them is wrong is never told. */
  | 'INVALID_CREDENTIALS'
  /** The token is not one that this server gave out. */
  | 'INVALID_TOKEN'
  /** The session was signed out, revoked or has expired: sign in again. */
  | 'SESSION_ENDED';

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

/** What a person may do, as a set of permissions with a name. */
export type Role =
  /** Everybody: reads and writes what they are a member of, and may ask the assistant. */
  | 'MEMBER'
  /** Also moderates conversations and messages. */
  | 'MODERATOR'
  /** Holds every permission. */
  | 'ADMIN';

/** A person with an account. */
export type User = {
  __typename?: 'User';
  /** `usr_…`; never changes and is never given to another person. */
  id: Scalars['ID']['output'];
  /** Unique whatever the case; 3 to 32 letters, digits, dots, hyphens and underscores. */
  username: Scalars['String']['output'];
  /** What others see; 1 to 80 characters, not unique. */
  displayName: Scalars['String']['output'];
  /** When the account was made. */
  createdAt: Scalars['DateTime']['output'];
  /** For the user alone; null to others. */
  email?: Maybe<Scalars['String']['output']>;
  /** For the user alone; null to others. */
  roles?: Maybe<Array<Role>>;
};

/** The two tokens of a session. */
export type Tokens = {
  __typename?: 'Tokens';
  /** A JWT (ES256) for `Authorization: Bearer …`; lives ten minutes. */
  accessToken: Scalars['String']['output'];
  /** Opaque; good for one `refreshTokens`, which gives the next. */
  refreshToken: Scalars['String']['output'];
  /** When the access token expires. */
  expiresAt: Scalars['DateTime']['output'];
};

/** Reading people. */
export type Query = {
  __typename?: 'Query';
  /** The signed-in user; null to somebody who is not signed in. */
  me?: Maybe<User>;
  /** A user by id. Errors: UNAUTHENTICATED; NOT_FOUND; BAD_USER_INPUT when `id` is not a user's id. */
  user?: Maybe<User>;
};


/** Reading people. */
export type QueryUserArgs = {
  id: Scalars['ID']['input'];
};

/** What a new account needs. */
export type SignUpInput = {
  /** At most 254 characters; unique whatever the case. */
  email: Scalars['String']['input'];
  /** 3 to 32 letters, digits, dots, hyphens and underscores; unique whatever the case. */
  username: Scalars['String']['input'];
  /** 12 to 256 characters after NFKC normalisation; no rules of composition. */
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
};

/** The session to renew. */
export type RefreshTokensInput = {
  /** The newest refresh token of the session. */
  refreshToken: Scalars['String']['input'];
};

/** The account and a session for it, or what is wrong. */
export type AuthPayload = {
  __typename?: 'AuthPayload';
  /** Who is signed in now; null with a user error. */
  user?: Maybe<User>;
  /** The new session's tokens; null with a user error. */
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

/** How signing out went. */
export type SignOutPayload = {
  __typename?: 'SignOutPayload';
  /** True once the session is over. */
  signedOut: Scalars['Boolean']['output'];
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** Signing up, in and out. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type Mutation = {
  __typename?: 'Mutation';
  /** Makes an account and signs it in. User errors: BAD_USER_INPUT, EMAIL_TAKEN, USERNAME_TAKEN, WEAK_PASSWORD. Errors: RATE_LIMITED while too many passwords are being hashed. */
  signUp?: Maybe<AuthPayload>;
  /** Opens a session. User errors: INVALID_CREDENTIALS. Errors: RATE_LIMITED while too many passwords are being checked. */
  signIn?: Maybe<AuthPayload>;
  /** Gives the session's next tokens; send no access token with it. The same refresh token within ten seconds gives the same successor; an older one ends the session. User errors: INVALID_TOKEN, SESSION_ENDED. */
  refreshTokens?: Maybe<TokensPayload>;
  /** Ends the session that the access token belongs to, everywhere within a second. Errors: UNAUTHENTICATED, also when it was over before. */
  signOut?: Maybe<SignOutPayload>;
};


/** Signing up, in and out. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationSignUpArgs = {
  input: SignUpInput;
};


/** Signing up, in and out. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationSignInArgs = {
  input: SignInInput;
};


/** Signing up, in and out. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationRefreshTokensArgs = {
  input: RefreshTokensInput;
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
  ErrorCode: ErrorCode;
  UserError: ResolverTypeWrapper<UserError>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Role: Role;
  User: ResolverTypeWrapper<UserEntity>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Tokens: ResolverTypeWrapper<Tokens>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  SignUpInput: SignUpInput;
  SignInInput: SignInInput;
  RefreshTokensInput: RefreshTokensInput;
  AuthPayload: ResolverTypeWrapper<Omit<AuthPayload, 'user'> & { user?: Maybe<ResolversTypes['User']> }>;
  TokensPayload: ResolverTypeWrapper<TokensPayload>;
  SignOutPayload: ResolverTypeWrapper<SignOutPayload>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  DateTime: Scalars['DateTime']['output'];
  UserError: UserError;
  String: Scalars['String']['output'];
  User: UserEntity;
  ID: Scalars['ID']['output'];
  Tokens: Tokens;
  Query: Record<PropertyKey, never>;
  SignUpInput: SignUpInput;
  SignInInput: SignInInput;
  RefreshTokensInput: RefreshTokensInput;
  AuthPayload: Omit<AuthPayload, 'user'> & { user?: Maybe<ResolversParentTypes['User']> };
  TokensPayload: TokensPayload;
  SignOutPayload: SignOutPayload;
  Boolean: Scalars['Boolean']['output'];
  Mutation: Record<PropertyKey, never>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], unknown> {
  name: 'DateTime';
}

export type UserErrorResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['UserError'] = ResolversParentTypes['UserError']> = {
  code?: Resolver<ResolversTypes['ErrorCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  path?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
};

export type UserResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['User'] = ResolversParentTypes['User'], FederationReferenceType extends FederationReferenceTypes['User'] = FederationReferenceTypes['User']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['User']> | FederationReferenceType, FederationReferenceType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  username?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  displayName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  email?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  roles?: Resolver<Maybe<Array<ResolversTypes['Role']>>, ParentType, ContextType>;
};

export type TokensResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['Tokens'] = ResolversParentTypes['Tokens']> = {
  accessToken?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  refreshToken?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
};

export type QueryResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  me?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  user?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType, RequireFields<QueryUserArgs, 'id'>>;
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

export type SignOutPayloadResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['SignOutPayload'] = ResolversParentTypes['SignOutPayload']> = {
  signedOut?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type MutationResolvers<ContextType = AuthContext, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  signUp?: Resolver<Maybe<ResolversTypes['AuthPayload']>, ParentType, ContextType, RequireFields<MutationSignUpArgs, 'input'>>;
  signIn?: Resolver<Maybe<ResolversTypes['AuthPayload']>, ParentType, ContextType, RequireFields<MutationSignInArgs, 'input'>>;
  refreshTokens?: Resolver<Maybe<ResolversTypes['TokensPayload']>, ParentType, ContextType, RequireFields<MutationRefreshTokensArgs, 'input'>>;
  signOut?: Resolver<Maybe<ResolversTypes['SignOutPayload']>, ParentType, ContextType>;
};

export type Resolvers<ContextType = AuthContext> = {
  DateTime?: GraphQLScalarType;
  UserError?: UserErrorResolvers<ContextType>;
  User?: UserResolvers<ContextType>;
  Tokens?: TokensResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  AuthPayload?: AuthPayloadResolvers<ContextType>;
  TokensPayload?: TokensPayloadResolvers<ContextType>;
  SignOutPayload?: SignOutPayloadResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
};
